// Checks a file or brings it in, with a progress bar. Without it the form does the same as a page.
"use strict";

(() => {
  const form = document.querySelector("[data-import]");
  if (!form) return;
  const progress = document.querySelector("[data-progress]");
  const bar = progress.querySelector("progress");
  const words = progress.querySelector("[data-words]");

  function show(line) {
    const step = JSON.parse(line);
    if ("refused" in step) throw new Error(step.refused);
    if (step.ended) return true;
    bar.max = Math.max(step.total, 1);
    bar.value = step.done;
    words.textContent = `${Math.floor((100 * step.done) / bar.max)} % of the file`;
    return false;
  }

  async function work(asked) {
    const answer = await fetch(location.pathname, { method: "POST", body: asked });
    if (!answer.ok) throw new Error("It broke off. Try again.");
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    let done = false;
    for (;;) {
      const { value, done: ended } = await reader.read();
      if (ended && !done) throw new Error("It broke off. Try again.");
      if (ended) return;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines) done = show(line) || done;
    }
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const asked = new FormData(form, event.submitter);
    asked.set("stream", "1");
    form.hidden = true;
    progress.hidden = false;
    bar.removeAttribute("value");
    try {
      await work(asked);
      location.reload();
    } catch (error) {
      words.textContent = error.message;
      form.hidden = false;
    }
  });
})();
