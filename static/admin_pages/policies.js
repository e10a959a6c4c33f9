// Shows of a policy's form only what applies to its trigger and its award. Without it, all is shown.
"use strict";

(() => {
  const OF_KIND = {
    points: ["points", "growth"],
    amount_minor: ["payable"],
    coupon_template: ["coupon"],
    gift: ["custom"],
    gift_cost_minor: ["custom"],
    max_amount: ["points", "growth", "payable"],
  };
  const OF_ORDERS = ["first_order_only", "min_order_minor", "product_tags", "hold_from", "cap_per_order"];
  const OF_FRIENDS = ["milestone_every", "milestone_at"];
  const SHARED = ["points", "growth", "payable"];

  const line = (group, field) => group.querySelector(`.field-line.field-${field}`);

  function show(group, field, applies) {
    const found = line(group, field);
    // What is wrong must be seen, wherever it is.
    if (found) found.hidden = !applies && !found.classList.contains("errors");
  }

  function refresh(group) {
    const trigger = group.querySelector("select[name$='-trigger']");
    const kind = group.querySelector("select[name$='-kind']");
    const who = group.querySelector("select[name$='-beneficiary']");
    if (!trigger || !kind || !who) return;
    const asked = JSON.parse(trigger.dataset.asks)[trigger.value];
    for (const [field, kinds] of Object.entries(OF_KIND)) show(group, field, kinds.includes(kind.value));
    const orders = !asked || asked.order;
    for (const field of OF_ORDERS) show(group, field, orders);
    for (const field of OF_FRIENDS) show(group, field, !asked || asked.friends);
    show(group, "share_bps", orders && SHARED.includes(kind.value));
    for (const option of who.options) {
      const possible = !asked || !option.value || asked.who.includes(option.value);
      option.hidden = !possible;
      option.disabled = !possible && !option.selected;
    }
    for (const row of group.querySelectorAll("fieldset > div > div")) {
      const lines = row.querySelectorAll(":scope > .field-line");
      if (lines.length) row.hidden = [...lines].every((one) => one.hidden);
    }
  }

  const group = (element) => element.closest(".form-group");

  document.addEventListener("change", (event) => {
    if (event.target.matches?.("select[name^='policies-']")) refresh(group(event.target));
  });
  document.addEventListener("formset:added", (event) => {
    if (event.target.querySelector?.("select[name$='-trigger']")) refresh(group(event.target) ?? event.target);
  });
  const all = () => {
    for (const trigger of document.querySelectorAll("select[name^='policies-'][name$='-trigger']")) refresh(group(trigger));
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", all);
  else all();
})();
