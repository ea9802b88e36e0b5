/* The themes as cards to choose from. Knows nothing of where they come from, nor of what choosing does. */
class Gallery {
  constructor(root, { picture, choose }) { // picture(theme): an address; choose(theme): one was clicked
    this.root = root;
    this.themes = [];
    this.picture = picture;
    this.choose = choose;
  }

  show(themes) {
    this.themes = themes;
    this.root.replaceChildren(...themes.map((theme) => this.card(theme)));
  }

  find(idOrName) {
    return this.themes.find((theme) => theme.id === idOrName || theme.name === idOrName);
  }

  mark(idOrName) {
    for (const card of this.root.children)
      card.setAttribute("aria-pressed", card.dataset.name === idOrName || card.dataset.theme === idOrName);
  }

  card(theme) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "card";
    button.title = theme.description;
    button.dataset.name = theme.name;
    button.dataset.theme = theme.id;
    button.setAttribute("aria-pressed", "false");
    const look = document.createElement(theme.has_picture ? "img" : "span");
    look.className = "look";
    if (theme.has_picture) {
      look.src = this.picture(theme);
      look.alt = "";
      look.width = 240;
      look.height = 135;
    } else {
      look.style.background = `linear-gradient(${theme.colors.join(", ")})`;
    }
    const name = document.createElement("span");
    name.className = "name";
    name.textContent = theme.name;
    button.append(look, name);
    button.onclick = () => this.choose(theme);
    return button;
  }
}
