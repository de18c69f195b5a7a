// jsforce with arguments that somebody hostile chose. The address comes by SALESFORCE_URL, a session by SALESFORCE_TOKEN.
import jsforce from "jsforce";

const { SALESFORCE_URL: url, SALESFORCE_TOKEN: token } = process.env;
const found = {};
const code = (promise) => promise.then((value) => `done: ${JSON.stringify(value)}`, (error) => error.errorCode ?? error.name);
const conn = new jsforce.Connection({ instanceUrl: url, accessToken: token, version: "60.0", maxRequest: 4 });
const Account = conn.sobject("Account");

// -- queries built of values
found.injected = [];
for (const attack of ["x' OR Name != '", "' OR Id != null OR Name = '", "'; DROP TABLE Account; --"]) {
  found.injected.push((await Account.find({ Name: attack }, "Id").execute()).length);
}
found.hole = await code(Account.find({ Name: "x\\' OR Name != \\'" }, "Id").execute()); // jsforce leaves a backslash as it is
found.like = (await Account.find({ Name: { $like: "' OR Name LIKE '%" } }, "Id").execute()).length;
found.open = await code(conn.query("SELECT Id FROM Account WHERE Name = '" + "\\'".repeat(2_000)));
found.deep = await code(conn.query("SELECT Id FROM Account WHERE " + "(".repeat(9_000)));
found.long = await code(conn.query("SELECT Id FROM Account WHERE Name = '" + "x".repeat(20_000) + "'"));

// -- keys and ids
found.key = await code(Account.retrieve("../../../_control/state"));
found.keys = [];
for (const key of ["a/b", "ü💥", "' OR 1=1", "..;x=1"]) {
  const Invoice = conn.sobject("Invoice__c");
  const made = await Invoice.upsert({ Invoice_Number__c: key, Gross__c: 1 }, "Invoice_Number__c");
  found.keys.push(made.created && (await Invoice.find({ Invoice_Number__c: key }, "Id").execute()).length === 1);
}
found.stranger = await code(Account.update({ Id: "001000000000000AAA", Site: "stolen" }));
const thief = new jsforce.Connection({ instanceUrl: url, accessToken: `${token.split("!")[0]}!forged`, version: "60.0" });
found.forged = await code(thief.query("SELECT Id FROM Account"));

// -- writes of which a part is wrong
const rows = Array.from({ length: 200 }, (_, number) => (number === 150 ? { Site: "nameless" } : { Name: `half ${number}` }));
const written = await Account.create(rows, { allOrNone: true });
found.tree = [...new Set(written.flatMap((row) => row.errors.map((error) => error.statusCode ?? error.errorCode)))]
  .filter((one) => one !== "ALL_OR_NONE_OPERATION_ROLLED_BACK");
const job = conn.bulk2.createJob({ object: "Account", operation: "insert" });
await job.open();
await job.uploadData('Name\n"' + "y".repeat(17_000_000) + '"\nok\n');
await job.close();
await job.poll(50, 60_000).catch((error) => error);
found.bulk = String((await job.check().catch(() => job.getInfo())).errorMessage ?? "").split(" ")[0];
found.left = (await conn.query("SELECT count() FROM Account")).totalSize;
console.log(JSON.stringify(found));
