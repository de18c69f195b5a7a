// jsforce's streaming, unmodified: change events and platform events over CometD, from a place, and without a session.
import jsforce from "jsforce";
import { StreamingExtension } from "jsforce/lib/api/streaming.js";

const { SF_URL, SF_CLIENT_ID, SF_CLIENT_SECRET } = process.env;
const org = new jsforce.Connection({
  instanceUrl: SF_URL, version: "60.0", oauth2: { loginUrl: SF_URL, clientId: SF_CLIENT_ID, clientSecret: SF_CLIENT_SECRET },
});
await org.authorize({ grant_type: "client_credentials" });
const found = {};

function collector(wanted) {
  const events = [];
  let done;
  const all = new Promise((resolve) => { done = resolve; });
  return { all, take: (event) => { events.push(event); if (events.length === wanted) done(events); } };
}

// -- the plain way: a channel from now on
const heard = collector(3);
const subscription = org.streaming.subscribe("/data/AccountChangeEvent", heard.take);
await subscription;
const { id } = await org.sobject("Account").create({ Name: "Acme", BillingCity: "Oslo" });
await org.sobject("Account").update({ Id: id, Phone: "1" });
await org.sobject("Account").destroy(id);
const events = await heard.all;
found.kinds = events.map((event) => event.payload.ChangeEventHeader.changeType);
found.changed = events[1].payload.Phone;
found.name = events[0].payload.Name;

// -- with extensions: all that is retained, then behind a place
async function replayed(from, wanted) {
  const channel = "/data/AccountChangeEvent";
  const client = org.streaming.createClient([
    new StreamingExtension.Replay(channel, from), new StreamingExtension.AuthFailure((why) => { throw new Error(JSON.stringify(why)); }),
  ]);
  const again = collector(wanted);
  await client.subscribe(channel, again.take);
  const kinds = (await again.all).map((event) => event.payload.ChangeEventHeader.changeType);
  await client.disconnect();
  return kinds;
}
found.retained = await replayed(-2, 3);
found.behind = await replayed(events[0].event.replayId, 2);

// -- platform events
const notices = collector(1);
await org.streaming.subscribe("/event/Sync_Notice__e", notices.take);
await org.sobject("Sync_Notice__e").create({ Status__c: "Synced" });
found.notice = (await notices.all)[0].payload.Status__c;

// -- what is not there, and who may not
found.unknown = await org.streaming.subscribe("/event/Nope__e", () => {}).then(() => "", (error) => error.message);
const stranger = new jsforce.Connection({ instanceUrl: SF_URL, accessToken: "00D!forged", version: "60.0" });
found.denied = await new Promise((resolve) => {
  const client = stranger.streaming.createClient([new StreamingExtension.AuthFailure((why) => resolve(why.ext.sfdc.failureReason))]);
  client.subscribe("/data/AccountChangeEvent", () => {});
});
console.log(JSON.stringify(found));
process.exit(0);
