// chargebee, unmodified: catalog, subscriptions, coupons, estimates and lists. The port comes by environment.
import Chargebee from "chargebee";

const cb = new Chargebee({ site: "127", hostSuffix: ".0.0.1", apiKey: "test_k", protocol: "http", port: process.env.CHARGEBEE_PORT });
const now = Number(process.env.CHARGEBEE_NOW);
const DAY = 86400;
const found = {};
const refused = (promise) => promise.then(() => "", (error) => `${error.http_status_code} ${error.api_error_code} ${error.param ?? ""}`.trim());

// -- the catalog, with lists inside lists of objects and metadata as objects
await cb.item.create({ id: "help", name: "Help", type: "addon", item_family_id: "windtunnel" });
const month = { pricing_model: "per_unit", currency_code: "USD", period: 1, period_unit: "month" };
await cb.itemPrice.create({ id: "month", name: "Month", item_id: "platform", price: 31000, metadata: { sla: { level: 1 } }, ...month });
await cb.itemPrice.create({ id: "help-month", name: "Help month", item_id: "help", price: 3100, ...month });
await cb.coupon.createForItems({
  id: "off", name: "Off", discount_type: "percentage", discount_percentage: 10, apply_on: "each_specified_item", duration_type: "forever",
  item_constraints: [{ item_type: "plan", constraint: "specific", item_price_ids: ["month"] }],
});
found.metadata = (await cb.itemPrice.retrieve("month")).item_price.metadata;
const prices = await cb.itemPrice.list({ item_type: { in: ["plan", "addon"] }, currency_code: { is: "USD" }, limit: 2, sort_by: { asc: "name" } });
found.prices = [prices.list.map((row) => row.item_price.id), prices.next_offset !== undefined];

// -- create, with an estimate before it
await cb.customer.create({ id: "acme", company: "Acme", auto_collection: "off", meta_data: { crm: "001" },
  billing_address: { city: "Austin", state_code: "TX", country: "US" } });
const wanted = { subscription_items: [{ item_price_id: "month", quantity: 2 }, { item_price_id: "help-month" }], coupon_ids: ["off"] };
const guess = (await cb.estimate.createSubItemForCustomerEstimate("acme", { subscription: { id: "s" }, ...wanted })).estimate;
const made = await cb.subscription.createWithItems("acme", { id: "s", billing_cycles: 12, contract_term: { action_at_term_end: "renew" }, ...wanted });
found.created = [guess.invoice_estimate.total, made.invoice.total, made.subscription.status, made.invoice.discounts[0].entity_type];
found.term = made.subscription.contract_term.total_contract_value;

// -- change now, at the term's end, and what is left of it
const travel = async (days) => {
  await cb.timeMachine.travelForward("delorean", { destination_time: now + days * DAY });
  for (let machine; machine?.time_travel_status !== "succeeded"; ) {
    machine = (await cb.timeMachine.retrieve("delorean")).time_machine;
    await new Promise((done) => setTimeout(done, 20));
  }
};
await travel(10);
const more = { subscription_items: [{ item_price_id: "month", quantity: 3 }] };
const told = (await cb.estimate.updateSubscriptionForItems({ subscription: { id: "s" }, ...more })).estimate;
const changed = await cb.subscription.updateForItems("s", more);
found.changed = [told.invoice_estimate.total, changed.invoice.total, told.credit_note_estimates[0].total, changed.credit_notes[0].total];
await cb.subscription.updateForItems("s", { ...more, subscription_items: [{ item_price_id: "month", quantity: 1 }], change_option: "end_of_term" });
found.scheduled = (await cb.subscription.retrieveWithScheduledChanges("s")).subscription.subscription_items[0].quantity;
const renewal = (await cb.estimate.renewalEstimate("s", { use_existing_balances: false })).estimate.invoice_estimate;
await travel(32);
const bills = await cb.invoice.list({ subscription_id: { is: "s" }, "sort_by[asc]": "date", limit: 10 });
found.renewed = [renewal.total, bills.list.at(-1).invoice.total];

// -- unbilled charges, pause, cancel with credit
await cb.unbilledCharge.create({ subscription_id: "s", charges: [{ amount: 500, description: "Extra" }] });
found.unbilled = (await cb.unbilledCharge.invoiceUnbilledCharges({ subscription_id: "s" })).invoices.map((one) => one.sub_total);
await cb.subscription.pause("s", { pause_option: "immediately" });
found.paused = (await cb.subscription.resume("s", { resume_option: "immediately" })).subscription.status;
const ends = { credit_option_for_current_term_charges: "prorate", contract_term_cancel_option: "terminate_immediately" };
const ending = (await cb.estimate.cancelSubscriptionForItems("s", ends)).estimate;
const gone = await cb.subscription.cancelForItems("s", ends);
const sum = (notes) => notes.reduce((total, note) => total + note.total, 0);
found.cancelled = [gone.subscription.status, sum(ending.credit_note_estimates) === sum(gone.credit_notes)];

// -- lists and refusals
const subscriptions = await cb.subscription.list({ status: { in: ["active", "cancelled"] }, updated_at: { between: [now, now + 90 * DAY] } });
found.listed = subscriptions.list.map((row) => [row.subscription.id, row.customer.id]);
found.unknown = await refused(cb.subscription.createWithItems("acme", { subscription_items: [{ item_price_id: "nope" }] }));
found.twice = await refused(cb.subscription.cancelForItems("s", {}));
// -- hostile hands
const holds = async () => JSON.stringify((await cb.subscription.list({ limit: 100 })).list);
const before = await holds();
const wish = (item, rest = {}) => refused(cb.subscription.createWithItems("acme", { subscription_items: [{ item_price_id: "month", ...item }], ...rest }));
found.hostile = [
  await wish({ quantity: -1 }), await wish({ quantity: 1e9 }), await wish({}, { coupon_ids: ["nope"] }),
  await wish({}, { start_date: 1e12 }), await wish({}, { meta_data: { k: "x".repeat(10_000_000) } }), (await holds()) === before,
];
found.absent = await refused(cb.omnichannelSubscription.list({}));
const headers = { "chargebee-idempotency-key": "once" };
const one = await cb.customer.create({ id: "once" }, headers);
const again = await cb.customer.create({ id: "once" }, headers);
found.replayed = [one.isIdempotencyReplayed, again.isIdempotencyReplayed];
console.log(JSON.stringify(found));
