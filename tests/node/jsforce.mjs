// jsforce, unmodified: logins, records, queries, search and SOAP calls. The address comes by SALESFORCE_URL.
import jsforce from "jsforce";

const { SALESFORCE_URL: url, SALESFORCE_USER: user, SALESFORCE_PASSWORD: password } = process.env;
const found = {};
const refused = (promise) => promise.then(() => "", (error) => `${error.errorCode ?? error.name}: ${error.message}`);

// -- logins: SOAP, and OAuth with a password
const conn = new jsforce.Connection({ loginUrl: url, version: "60.0" });
const who = await conn.login(user, password);
const oauth2 = { loginUrl: url, clientId: process.env.SALESFORCE_CLIENT_ID, clientSecret: process.env.SALESFORCE_CLIENT_SECRET };
const other = new jsforce.Connection({ oauth2, version: "60.0" });
await other.login(user, password);
found.identity = [(await conn.identity()).user_id === who.id, (await other.identity()).organization_id === who.organizationId];
found.badLogin = await refused(new jsforce.Connection({ loginUrl: url }).login(user, "wrong"));

// -- records
const Account = conn.sobject("Account");
const made = await Account.create({ Name: "Acme", Site: "Graz" });
found.made = [made.success, (await Account.retrieve(made.id)).Site];
found.several = (await Account.create([{ Name: "Beta" }, { Site: "no name" }])).map((row) => row.success);
found.allOrNone = (await Account.create([{ Name: "Never" }, { Site: "no name" }], { allOrNone: true })).map((row) => row.errors[0].errorCode ?? row.errors[0].statusCode);
found.updated = (await Account.update({ Id: made.id, Site: null })).success;
for (const [key, name] of [["J 1/2", "First"], ["J 1/2", "Second"]]) {
  const result = await Account.upsert({ Name: name, Billing_Customer_Id__c: key }, "Billing_Customer_Id__c");
  found.upserted = [...(found.upserted ?? []), result.created];
}
found.many = (await Account.retrieve([made.id, "001000000000000AAA"]).catch((error) => [error.message])).map((row) => row?.Name ?? row);
const contacts = await conn.sobject("Contact").create([{ LastName: "May", AccountId: made.id }, { LastName: "Lee", AccountId: made.id }]);
found.missing = await refused(conn.sobject("Opportunity").create({ Name: "x" }));
found.unknown = await refused(Account.retrieve("001000000000000AAA"));

// -- what the org says about itself
const described = await Account.describe();
const field = described.fields.find((one) => one.name === "Billing_Customer_Id__c");
found.described = [field.externalId, field.unique, described.childRelationships.some((one) => one.relationshipName === "Contacts")];
found.objects = (await conn.describeGlobal()).sobjects.filter((one) => ["Order", "Quote", "Asset", "Task"].includes(one.name)).length;
found.limit = [(await conn.limits()).DailyApiRequests.Max === conn.limitInfo.apiUsage.limit, conn.limitInfo.apiUsage.used > 5];

// -- queries
await conn.sobject("Product2").create(Array.from({ length: 200 }, (_, number) => ({ Name: `P${String(number).padStart(4, "0")}` })));
for (let block = 1; block < 11; block += 1) {
  await conn.sobject("Product2").create(Array.from({ length: 200 }, (_, number) => ({ Name: `P${String(block * 200 + number).padStart(4, "0")}` })));
}
const first = await conn.query("SELECT Id, Name FROM Product2 ORDER BY Name");
const second = await conn.queryMore(first.nextRecordsUrl);
found.pages = [first.totalSize, first.records.length, second.done, second.records.at(-1).Name];
found.fetched = (await conn.query("SELECT Id FROM Product2", { autoFetch: true, maxFetch: 2100 })).records.length;
found.star = Object.keys((await Account.find({ Name: "Acme" }, "*").limit(1))[0]).includes("BillingCity");
found.included = (await Account.find({ Name: { $like: "Ac%" } }, "Id, Name").include("Contacts").select("LastName").orderby("LastName").end()
  .execute()).map((row) => row.Contacts.records.map((one) => one.LastName));
found.parents = (await conn.sobject("Contact").find({ "Account.Name": "Acme" }, "LastName, Account.Name").sort("LastName").execute())
  .map((row) => row.Account.Name);
found.counted = await conn.sobject("Contact").count({ AccountId: made.id });
found.grouped = (await conn.query("SELECT Account.Name, COUNT(Id) n FROM Contact GROUP BY ROLLUP(Account.Name)")).records.map((row) => [row.Name, row.n]);
found.explained = (await conn.query(`SELECT Id FROM Contact WHERE AccountId = '${made.id}'`).explain()).plans[0].leadingOperationType;
found.syntax = await refused(conn.query("SELECT Nope FROM Account"));
found.searched = (await conn.search("FIND {may} IN ALL FIELDS RETURNING Contact(Id, LastName)")).searchRecords.map((row) => row.LastName);

// -- deleted, merged, brought back
const twin = await Account.create({ Name: "Acme twin" });
const child = await conn.sobject("Contact").create({ LastName: "Twin", AccountId: twin.id });
const merged = await conn.soap.merge({ masterRecord: { type: "Account", Id: made.id, Site: "merged" }, recordToMergeIds: [twin.id] });
found.merged = [merged.success, merged.mergedRecordIds.length, merged.updatedRelatedIds[0] === child.id];
found.moved = (await conn.sobject("Contact").retrieve(child.id)).AccountId === made.id;
found.masters = (await conn.query("SELECT MasterRecordId FROM Account WHERE IsDeleted = true", { scanAll: true })).records.map((row) => row.MasterRecordId === made.id);
await conn.sobject("Contact").destroy(contacts[0].id);
found.gone = await refused(conn.sobject("Contact").retrieve(contacts[0].id));
found.back = (await conn.soap.undelete([contacts[0].id])).map((row) => row.success);
found.alive = (await conn.sobject("Contact").retrieve(contacts[0].id)).LastName;
const now = new Date(Date.parse((await conn.soap.getServerTimestamp()).timestamp) + 60_000);
found.deleted = (await Account.deleted(new Date(now - 3_600_000), now)).deletedRecords !== undefined;
found.revised = Array.isArray((await Account.updated(new Date(now - 3_600_000), now)).ids);
found.soap = (await conn.soap.create([{ type: "Account", Name: "By SOAP" }, { type: "Account" }])).map((row) => row.success);
const stale = new jsforce.Connection({ instanceUrl: url, accessToken: conn.accessToken, version: "60.0" });
await conn.logout();
found.out = await refused(stale.query("SELECT Id FROM Account"));
console.log(JSON.stringify(found));
