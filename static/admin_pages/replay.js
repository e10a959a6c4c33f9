// Replays line by line, with a progress bar. Without it the form loads the same result as a page.
"use strict";

(() => {
  const form = document.querySelector("[data-replay]");
  const progress = document.querySelector("[data-progress]");
  const result = document.querySelector("[data-result]");
  const bar = progress.querySelector("progress");
  const words = progress.querySelector("[data-words]");
  const button = form.querySelector("button");

  function show(line) {
    const step = JSON.parse(line);
    if ("html" in step) {
      result.innerHTML = step.html;
      return true;
    }
    bar.max = Math.max(step.total, 1);
    bar.value = step.done;
    words.textContent = `${step.done.toLocaleString("en")} of ${step.total.toLocaleString("en")} replayed`;
    return false;
  }

  async function replay(address) {
    const answer = await fetch(address);
    const type = answer.headers.get("content-type") || "";
    if (!answer.ok) throw new Error(answer.statusText);
    if (!type.startsWith("application/x-ndjson")) return false;
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    let done = false;
    for (;;) {
      const { value, done: ended } = await reader.read();
      if (ended && !done) throw new Error("The result never came.");
      if (ended) return true;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines) done = show(line) || done;
    }
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const asked = new URLSearchParams(new FormData(form));
    const address = `?${asked}`;
    asked.set("stream", "1");
    button.disabled = true;
    progress.hidden = false;
    result.replaceChildren();
    bar.removeAttribute("value");
    words.textContent = "Reading…";
    try {
      // What cannot be streamed, such as a field in error, is a page.
      if (await replay(`?${asked}`)) history.replaceState(null, "", address);
      else location.assign(address);
      progress.hidden = true;
    } catch {
      words.textContent = "It broke off. Try again.";
    } finally {
      button.disabled = false;
    }
  });
})();
