// The looks that need the page itself; each returns its faults. Part of looks.py.
window.looks = {
  // Wait for formulas and fonts, and unfold what is folded: readers will.
  async settle() {
    await window.MathJax?.startup?.promise;
    await document.fonts.ready;
    for (const part of document.querySelectorAll("details")) part.open = true;
    for (const part of document.querySelectorAll(".toggle-hidden"))
      part.classList.remove("toggle-hidden");
  },

  formulasNotTypeset() {
    const faults = [];
    for (const formula of document.querySelectorAll(".math"))
      if (!formula.querySelector("mjx-container"))
        faults.push(`not typeset: ${formula.textContent.trim()}`);
    for (const error of document.querySelectorAll("mjx-merror"))
      faults.push(`not understood: ${error.dataset.mjxError ?? error.textContent}`);
    // MathJax sets a command that it does not know in red
    for (const command of document.querySelectorAll("mjx-container mjx-mtext[style*='color: red']"))
      faults.push(`unknown command: ${command.closest(".math").textContent.trim()}`);
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const { data, parentElement } = texts.currentNode;
      const apart = parentElement.closest("code, pre, script, style, .math, mjx-container");
      if (!apart && /\\[([]|\$\$|\$[^$\n]+\$/.test(data))
        faults.push(`a formula left as text: ${data.trim()}`);
    }
    return faults;
  },

  // What makes the page scroll sideways or is cut off; what scrolls in a box of its own is fine.
  widerThanTheScreen() {
    const name = (e) => [e.tagName.toLowerCase() + (e.id && `#${e.id}`), ...e.classList].join(".");
    const tooWide = (e) => {
      const { width, height, left, right } = e.getBoundingClientRect();
      const parked = left >= innerWidth; // a menu, until it is called
      return width > 1 && height > 1 && right > innerWidth + 1 && !parked;
    };
    const scrolls = (e) =>
      e !== document.body &&
      (["auto", "scroll"].includes(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
    const faults = [];
    const width = document.scrollingElement.scrollWidth;
    if (width > innerWidth) faults.push(`the page is ${width} wide, the screen ${innerWidth}`);
    for (const e of document.body.querySelectorAll("*"))
      if (tooWide(e) && !tooWide(e.parentElement) && !scrolls(e.parentElement))
        if (!e.closest("mjx-assistive-mml")) // for screen readers, not for eyes
          faults.push(`${name(e)} ends at ${Math.round(e.getBoundingClientRect().right)}`);
    return faults;
  },

  picturesNotDescribed(shortest) {
    const faults = [];
    for (const picture of document.querySelectorAll("article img")) {
      const source = picture.getAttribute("src").slice(0, 80);
      const alt = picture.alt.trim();
      if (!picture.naturalWidth) faults.push(`${source} did not load`);
      if (alt.length < shortest) faults.push(`${source} has the alt text "${alt}"`);
    }
    return faults;
  },

  async barriers() {
    const { violations } = await axe.run();
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(" ")}`));
  },

  noiseInOutputs() {
    const outputs = document.querySelectorAll(".cell_output :is(.stderr, .traceback)");
    return [...outputs].map((output) => `in a cell's output: ${output.textContent.trim()}`);
  },
};
