// A jsforce program that writes beside others: own fields of a shared record, one external id, one unique value, lines
// of one deal. WRITER says which one it is; it waits until an account called Gate is there.
import jsforce from "jsforce";

const { SALESFORCE_URL: url, SALESFORCE_TOKEN: token, WRITER: writer } = process.env;
const shared = JSON.parse(process.env.SHARED); // account, deal, line (a row to copy), fields of ours
const conn = new jsforce.Connection({ instanceUrl: url, accessToken: token, version: "60.0", maxRequest: 8 });
const code = (promise, good) => promise.then(good, (error) => error.errorCode ?? error.name);
const Account = conn.sobject("Account");

await Account.create({ Name: `Ready ${writer}` });
while ((await Account.find({ Name: "Gate" }, "Id").execute()).length === 0);

const work = [];
for (const [number, field] of shared.fields.entries()) {
  work.push(Account.update({ Id: shared.account, [field]: `${writer} ${number}` }).then((done) => ["own", done.success]));
  work.push(conn.sobject("Invoice__c").upsert({ Invoice_Number__c: "MIXED", Gross__c: number }, "Invoice_Number__c")
    .then((done) => ["upserted", done.created]));
  work.push(code(Account.create({ Name: `${writer} ${number}`, Billing_Customer_Id__c: "mixed" }), () => "made").then((one) => ["unique", one]));
  work.push(conn.sobject("OpportunityLineItem").create({ ...shared.line, UnitPrice: number + 0.25 }).then((done) => ["line", done.success]));
}
const rows = shared.fields.map((_, number) => ({ Name: `${writer} row ${number}`, Site: "mixed" }));
work.push(Account.create(rows, { allOrNone: true }).then((done) => ["rows", done.every((row) => row.success)]));
const job = conn.bulk2.loadAndWaitForResults({ object: "Account", operation: "insert", input: rows, pollInterval: 50, pollTimeout: 60_000 });
work.push(job.then((done) => ["bulk", done.successfulResults.length]));

const found = {};
for (const [kind, value] of await Promise.all(work)) (found[kind] ??= []).push(value);
console.log(JSON.stringify(found));
