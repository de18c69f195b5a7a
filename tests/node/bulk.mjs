// jsforce, unmodified: Bulk 2.0 and Bulk 1.0, in and out. SALESFORCE_URL and a client come by the environment.
import jsforce from "jsforce";

const { SALESFORCE_URL: url, SALESFORCE_CLIENT_ID: clientId, SALESFORCE_CLIENT_SECRET: clientSecret } = process.env;
const conn = new jsforce.Connection({ instanceUrl: url, oauth2: { loginUrl: url, clientId, clientSecret }, version: "60.0" });
await conn.authorize({ grant_type: "client_credentials" });
conn.bulk.pollInterval = 100;
conn.bulk2.pollInterval = 100;
const found = {};

const all = (stream) => new Promise((resolve, reject) => {
  const rows = [];
  stream.on("record", (row) => rows.push(row)).on("error", reject).on("end", () => resolve(rows));
});

// -- Bulk 2.0
const made = await conn.bulk2.loadAndWaitForResults({
  object: "Account", operation: "insert",
  input: [{ Name: "Alpha, Inc.", Site: "a;b|c" }, { Name: "Beta", Site: null }, { Name: "", Site: "x" }],
});
found.made = [made.successfulResults.length, made.failedResults.map((row) => row.sf__Error), made.unprocessedRecords.length];
const upserted = await conn.bulk2.loadAndWaitForResults({
  object: "Account", operation: "upsert", externalIdFieldName: "Billing_Customer_Id__c",
  input: [{ Billing_Customer_Id__c: "cb_1", Name: "Gamma" }],
});
found.upserted = upserted.successfulResults.map((row) => row.sf__Created);
found.queried = (await all(await conn.bulk2.query("SELECT Name, Site FROM Account ORDER BY Name"))).map((row) => [row.Name, row.Site]);

// step by step, and aborted
const job = conn.bulk2.createJob({ object: "Account", operation: "insert" });
await job.open();
await job.uploadData("Name\nNever\n");
await job.abort();
found.aborted = (await job.check()).state;
await job.delete();

// -- Bulk 1.0
const rows = [{ Name: "Delta", Site: "one" }, { Site: "no name" }];
const results = await conn.bulk.load("Account", "insert", rows);
found.classic = results.map((row) => [row.success, row.errors]);
const changed = await conn.bulk.load("Account", "update", [{ Id: results[0].id, Site: "two" }]);
found.changed = changed.map((row) => row.success);
found.classicQueried = (await all(await conn.bulk.query("SELECT Name, Site FROM Account WHERE Name = 'Delta'"))).map((row) => row.Site);
const gone = await conn.bulk.load("Account", "delete", [{ Id: results[0].id }]);
found.gone = gone.map((row) => row.success);

// a session that has died is noticed by its error document
const stranger = new jsforce.Connection({ instanceUrl: url, accessToken: "00D000000000001!forged", version: "60.0" });
found.expired = await stranger.bulk.load("Account", "insert", rows).then(() => "", (error) => error.errorCode ?? error.message);
console.log(JSON.stringify(found));
