// The vendor's Node Pub/Sub client, unmodified: change events by topic, from a place, and by a managed subscription.
import jsforce from "jsforce";
import PubSubApiClient from "salesforce-pubsub-api-client";

const { SF_URL, SF_GRPC, SF_CLIENT_ID, SF_CLIENT_SECRET } = process.env;
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const client = new PubSubApiClient(
  {
    authType: "oauth-client-credentials", loginUrl: SF_URL, clientId: SF_CLIENT_ID, clientSecret: SF_CLIENT_SECRET,
    pubSubEndpoint: SF_GRPC, rejectUnauthorizedSsl: false,
  },
  silent,
);
await client.connect();

const org = new jsforce.Connection({
  instanceUrl: SF_URL, oauth2: { loginUrl: SF_URL, clientId: SF_CLIENT_ID, clientSecret: SF_CLIENT_SECRET },
});
await org.authorize({ grant_type: "client_credentials" });

function collect(subscribe, wanted) {
  return new Promise((resolve, reject) => {
    const events = [];
    subscribe((_subscription, type, data) => {
      if (type === "event") events.push(data);
      if (type === "error") reject(data);
      if (type === "lastEvent" && events.length === wanted) resolve(events);
    }, wanted);
  });
}

const { id } = await org.sobject("Account").create({ Name: "Acme", BillingCity: "Oslo" });
await org.sobject("Account").update({ Id: id, BillingCity: "Rome", Phone: "1" });
await org.sobject("Account").update({ Id: id, Phone: null });
await org.sobject("Account").destroy(id);
const topic = "/data/AccountChangeEvent";
const all = await collect((callback, count) => client.subscribeFromEarliestEvent(topic, callback, count), 4);
client.close();
await client.connect();
const behind = await collect(
  (callback, count) => client.subscribeFromReplayId(topic, callback, count, all[1].replayId), 2);

const contact = org.sobject("Contact").create({ LastName: "Ito", FirstName: "Aya" });
const named = await collect(
  (callback, count) => client.subscribeFromEarliestEvent("/data/ContactChangeEvent", callback, count), 1);
await contact;
const published = await client.publish("/event/Sync_Notice__e", {
  CreatedDate: Date.now(), CreatedById: "005000000000000", Status__c: { string: "Synced" },
});
const notices = await collect(
  (callback, count) => client.subscribeFromEarliestEvent("/event/Sync_Notice__e", callback, count), 1);
// A managed subscription begins at the latest event, whenever the server comes to it: say it until it is heard.
let repeating;
const managed = await new Promise((resolve, reject) => {
  client.subscribeWithManagedSubscription("Sales_Sync", (subscription, type, data) => {
    if (type === "error") reject(data);
    if (type === "event") {
      client.commitReplayId(subscription.subscriptionId, data.replayId);
      resolve(data);
    }
  }, 1).then(() => {
    repeating = setInterval(() => org.sobject("Account").create({ Name: "Managed" }).catch(reject), 200);
  }).catch(reject);
});
clearInterval(repeating);
client.close();

const shown = (event) => ({
  kind: event.payload.ChangeEventHeader.changeType, changed: event.payload.ChangeEventHeader.changedFields,
  nulled: event.payload.ChangeEventHeader.nulledFields, ids: event.payload.ChangeEventHeader.recordIds,
});
console.log(JSON.stringify({
  id, all: all.map(shown), behind: behind.map(shown), name: all[0].payload.Name, city: all[1].payload.BillingAddress.City,
  contact: named[0].payload.Name, published: Number.isInteger(published.replayId), notice: notices[0].payload.Status__c,
  managed: managed.payload.Name,
}));
process.exit(0);
