// The vendor's Node SDK, unmodified: documents, payments, credits, payers and the site. The address comes by PLATFORM_PORT.
import Chargebee from "chargebee";

const chargebee = new Chargebee({
  site: "127", apiKey: "test_k", protocol: "http", hostSuffix: ".0.0.1", port: Number(process.env.PLATFORM_PORT),
  timeMachineWaitInMillis: 50,
});
const found = {};
const refused = (promise) => promise.then(() => "", (error) => `${error.api_error_code} ${error.param ?? ""}`.trim());
const now = Number(process.env.PLATFORM_NOW);
const card = { number: "4111111111111111", expiry_month: 1, expiry_year: 2031 };
const bill = async (amount, more = {}) => (await chargebee.invoice.createForChargeItemsAndCharges({
  customer_id: "acme", charges: [{ amount, description: "Work" }], ...more,
})).invoice;

await chargebee.customer.create({ id: "acme", company: "Acme", auto_collection: "off", meta_data: { k: { z: [1, 2] } } });
found.metadata = (await chargebee.customer.retrieve("acme")).customer.meta_data;

// -- payments and credits
const first = await bill(10_000);
const paid = await chargebee.invoice.recordPayment(first.id, { transaction: { amount: 12_000, payment_method: "bank_transfer", date: now } });
found.over = [paid.invoice.status, paid.transaction.amount_unused];
const note = (await chargebee.creditNote.create({
  reference_invoice_id: first.id, type: "refundable", reason_code: "waiver", line_items: [{ reference_line_item_id: first.line_items[0].id, amount: 2_500 }],
})).credit_note;
found.note = [note.status, note.amount_available];
found.tooMuch = await refused(chargebee.creditNote.create({ reference_invoice_id: first.id, type: "refundable", total: 7_501, reason_code: "other" }));
const second = await bill(5_000);
found.settledByBalances = [second.status, second.credits_applied, second.amount_paid, second.amount_due];
found.applied = (await chargebee.invoice.removeCreditNote(second.id, { credit_note: { id: note.id } })).invoice.amount_due;
found.again = (await chargebee.invoice.applyCredits(second.id, { credit_notes: [{ id: note.id }] })).invoice.amount_due;
found.withheld = (await chargebee.invoice.recordTaxWithheld(second.id, { tax_withheld: { amount: 100, reference_number: "T1" } })).invoice.amount_due;
found.writtenOff = (await chargebee.invoice.writeOff(second.id)).credit_note.reason_code;
found.voided = (await chargebee.invoice.voidInvoice((await bill(1)).id, { void_reason_code: "x" })).invoice.status;
found.store = (await chargebee.creditNote.create({ customer_id: "acme", type: "store", total: 50, reason_code: "other" })).credit_note.type;
found.promotional = (await chargebee.promotionalCredit.add({ customer_id: "acme", amount: 300, description: "Hi" })).customer.promotional_credits;
found.discounted = (await bill(1_000)).amount_due;

// -- sources, authorizations, schedules
const source = (await chargebee.paymentSource.createCard({ customer_id: "acme", card })).payment_source;
const held = (await chargebee.transaction.createAuthorization({ customer_id: "acme", amount: 700, payment_source_id: source.id })).transaction;
found.captured = (await chargebee.invoice.collectPayment((await bill(700)).id, { authorization_transaction_id: held.id })).invoice.status;
const account = { account_number: "000123456789", routing_number: "110000000", first_name: "Ann", last_name: "Lee" };
const debit = (await chargebee.paymentSource.createBankAccount({ customer_id: "acme", bank_account: account })).payment_source;
found.debit = (await chargebee.invoice.collectPayment((await bill(800)).id, { payment_source_id: debit.id })).transaction.status;
const scheme = (await chargebee.paymentScheduleScheme.create({
  name: "Halves", number_of_schedules: 2, period_unit: "month",
  flexible_schedules: [{ period: 0, amount_percentage: 30 }, { period: 1, amount_percentage: 70 }],
})).payment_schedule_scheme;
const parts = await bill(1_000);
await chargebee.invoice.applyPaymentScheduleScheme(parts.id, { scheme_id: scheme.id });
found.parts = (await chargebee.invoice.paymentSchedules(parts.id)).payment_schedules[0].schedule_entries.map((entry) => entry.scheduled_amount);
found.both = (await chargebee.customer.collectPayment("acme", {
  payment_source_id: source.id, invoice_allocations: [{ invoice_id: (await bill(10)).id }, { invoice_id: (await bill(20)).id }],
})).transaction.amount;

// -- payers and the site
await chargebee.customer.create({ id: "child", company: "Child" });
await chargebee.customer.relationships("child", { parent_id: "acme", payment_owner_id: "acme", invoice_owner_id: "child" });
found.tree = (await chargebee.customer.hierarchy("acme", { hierarchy_operation_type: "complete_hierarchy" })).hierarchies.map((one) => one.customer_id);
await chargebee.customer.addContact("acme", { contact: { email: "cfo@acme.test", enabled: true } });
found.contacts = (await chargebee.customer.contactsForCustomer("acme")).list.length;
found.listed = (await chargebee.invoice.list({ status: { in: ["paid", "voided"] }, total: { between: [1, 10_000] }, sort_by: { asc: "date" }, limit: 2 })).list.length;
found.events = (await chargebee.event.list({ event_type: { in: ["credit_note_created"] }, limit: 100 })).list.length;
found.comment = (await chargebee.comment.create({ entity_type: "customer", entity_id: "acme", notes: "n" })).comment.notes;
await chargebee.customer.create({ id: "mover", company: "Mover" });
found.moved = (await chargebee.businessEntity.createTransfers({
  active_resource_ids: ["mover"], destination_business_entity_ids: ["SG"], resource_types: ["customer"], reason_codes: ["correction"],
})).business_entity_transfer.resource_id;
const asked = (await chargebee.export.invoices({ invoice: { status: { is: "voided" } } })).export;
const machine = (await chargebee.timeMachine.travelForward("delorean", { destination_time: now + 5 * 86_400 })).time_machine;
found.travel = machine.time_travel_status;
for (let tries = 0; tries < 200 && (await chargebee.timeMachine.retrieve("delorean")).time_machine.time_travel_status === "in_progress"; tries += 1) {
  await new Promise((resolve) => { setTimeout(resolve, 20); });
}
const file = (await chargebee.export.retrieve(asked.id)).export;
found.exported = [file.status, (await fetch(file.download.download_url)).headers.get("content-type")];
found.cleared = (await chargebee.transaction.list({ payment_source_id: { is: debit.id } })).list[0].transaction.status;
const stranger = new Chargebee({ site: "127", apiKey: "forged", protocol: "http", hostSuffix: ".0.0.1", port: Number(process.env.PLATFORM_PORT) });
found.forged = await refused(stranger.customer.list());
console.log(JSON.stringify(found));
