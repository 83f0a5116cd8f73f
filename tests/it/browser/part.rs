//! A part of a page, and what is in it by role and name, as assistive technology hears them.

use serde_json::{Value, json};

use super::visitor::{PATIENCE, Visitor, becomes};

/// What a person presses or follows.
const CLICKABLE: [&str; 13] = [
    "button",
    "link",
    "checkbox",
    "radio",
    "switch",
    "tab",
    "menuitem",
    "option",
    "DisclosureTriangle",
    "DisclosureTriangleGrouped",
    "combobox",
    "popUpButton",
    "ToggleButton",
];
/// What a person writes into.
const WRITABLE: [&str; 6] = ["textbox", "searchbox", "spinbutton", "combobox", "Date", "InputTime"];

/// What a label says of its field beside its name.
const BESIDE: [&str; 4] = ["*", "required", "optional", "set"];

/// Where to click, or what lies over it.
const SPOT: &str = r"function() {
    this.scrollIntoView({block: 'center', inline: 'nearest', behavior: 'instant'});
    const box = [...this.getClientRects()].find(box => box.width > 0 && box.height > 0);
    if (!box) return {hidden: true};
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    const hit = document.elementFromPoint(x, y);
    const is_it = hit && (this.contains(hit) || hit.contains(this) || hit.closest('label')?.control === this);
    return is_it ? {x, y} : {over: hit ? hit.outerHTML.slice(0, 200) : 'the edge of the screen'};
}";

/// A part of the page.
pub(crate) struct Part<'a> {
    visitor: &'a Visitor,
    selector: String,
}

impl<'a> Part<'a> {
    pub(super) fn of(visitor: &'a Visitor, selector: &str) -> Self {
        Self { visitor, selector: selector.to_owned() }
    }

    /// Clicks what has this name.
    pub(crate) async fn clicks(&self, name: &str) {
        let element = self.finds(&CLICKABLE, name).await;
        self.presses_at(&element, name).await;
    }

    async fn presses_at(&self, element: &Value, name: &str) {
        let mut spot = Value::Null;
        let what = format!("`{name}` can be clicked");
        self.visitor
            .waits_for(&what, async || {
                spot = call(self.visitor, element, SPOT, json!([])).await.unwrap_or_default();
                spot["x"].is_number()
            })
            .await;
        for (kind, buttons) in [("mouseMoved", 0), ("mousePressed", 1), ("mouseReleased", 0)] {
            let button = if kind == "mouseMoved" { "none" } else { "left" };
            let event = json!({"type": kind, "x": spot["x"], "y": spot["y"], "button": button, "buttons": buttons, "clickCount": 1});
            self.visitor.ask("Input.dispatchMouseEvent", event).await;
        }
    }

    /// Ticks the one box that is here, whatever it is called.
    pub(crate) async fn ticks(&self) {
        let boxes: Vec<_> =
            self.nodes().await.into_iter().filter(|node| ["checkbox", "radio", "switch"].contains(&role_of(node))).collect();
        assert_eq!(boxes.len(), 1, "in `{}`", self.selector);
        self.presses_at(&boxes[0]["backendDOMNodeId"], "the box").await;
    }

    /// Follows a link, or presses a button that leads to another page.
    pub(crate) async fn follows(&self, name: &str) {
        self.visitor.arrives(&format!("`{name}`"), self.clicks(name)).await;
    }

    /// Replaces what stands in the field with this label.
    pub(crate) async fn fills(&self, label: &str, text: &str) {
        let field = self.finds(&WRITABLE, label).await;
        call(self.visitor, &field, "function() { this.focus(); this.select?.() }", json!([])).await.unwrap();
        if text.is_empty() {
            let delete = |kind: &str| json!({"type": kind, "key": "Delete", "code": "Delete", "windowsVirtualKeyCode": 46});
            self.visitor.ask("Input.dispatchKeyEvent", delete("rawKeyDown")).await;
            self.visitor.ask("Input.dispatchKeyEvent", delete("keyUp")).await;
        } else {
            self.visitor.ask("Input.insertText", json!({"text": text})).await;
        }
        let value = call(self.visitor, &field, "function() { return this.value }", json!([])).await.unwrap();
        assert_eq!(value, text, "the field `{label}` does not take this");
    }

    /// Chooses in the list with this label.
    pub(crate) async fn chooses(&self, label: &str, option: &str) {
        let list = self.finds(&["combobox", "listbox", "popUpButton"], label).await;
        let script = "function(wanted) {
            const option = [...this.options].find(option => option.label.trim() === wanted);
            if (!option) return [...this.options].map(option => option.label.trim());
            this.focus();
            option.selected = true;
            this.dispatchEvent(new Event('input', {bubbles: true}));
            this.dispatchEvent(new Event('change', {bubbles: true}));
        }";
        let others = call(self.visitor, &list, script, json!([{"value": option}])).await.unwrap();
        assert!(others.is_null(), "the list `{label}` has no `{option}`, but {others}");
    }

    /// Waits until this part says so, where it can be seen. Capitals may be the style's, and are not looked at.
    pub(crate) async fn sees(&self, words: &str) {
        let what = format!("`{}` says `{words}`", self.selector);
        let desired = words.to_lowercase();
        self.visitor.waits_for(&what, async || self.try_read().await.is_some_and(|text| text.to_lowercase().contains(&desired))).await;
    }

    /// Everything that can be read in this part, once it is there, with one blank for each stretch of white space.
    pub(crate) async fn reads(&self) -> String {
        let mut read = None;
        let what = format!("`{}` is there", self.selector);
        self.visitor
            .waits_for(&what, async || {
                read = self.try_read().await;
                read.is_some()
            })
            .await;
        read.unwrap()
    }

    async fn try_read(&self) -> Option<String> {
        let script = format!("document.querySelector({})?.innerText", json!(self.selector));
        let text = self.visitor.try_evaluate(&script).await.ok()?;
        Some(text.as_str()?.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// Whether something with this name is here, right now.
    pub(crate) async fn has(&self, name: &str) -> bool {
        self.nodes().await.iter().any(|node| is_named(node, name))
    }

    /// Waits until one of these roles has this name; gives its number.
    async fn finds(&self, roles: &[&str], name: &str) -> Value {
        let (mut found, mut there) = (Value::Null, Vec::new());
        let is_found = becomes(PATIENCE, async || {
            there = self.nodes().await;
            there.retain(|node| roles.contains(&role_of(node)));
            let mut fits = there.iter().filter(|node| is_named(node, name));
            found = fits.next().map(|node| node["backendDOMNodeId"].clone()).unwrap_or_default();
            assert!(fits.next().is_none(), "`{name}` is more than one thing in `{}`: name a smaller part", self.selector);
            found.is_number()
        });
        if !is_found.await {
            let others: Vec<_> = there.iter().map(|node| format!("{} `{}`", role_of(node), name_of(node))).collect();
            panic!("no `{name}` in `{}`, but {}; on the page: {}", self.selector, others.join(", "), self.visitor.seen().await);
        }
        found
    }

    /// Everything here that assistive technology hears of. None while the page is going.
    async fn nodes(&self) -> Vec<Value> {
        let script = format!("document.querySelector({})", json!(self.selector));
        let Ok(root) = self.visitor.try_ask("Runtime.evaluate", json!({"expression": script})).await else { return Vec::new() };
        let Some(root) = root["result"].get("objectId") else { return Vec::new() };
        let Ok(mut found) = self.visitor.try_ask("Accessibility.queryAXTree", json!({"objectId": root})).await else { return Vec::new() };
        let Value::Array(mut nodes) = found["nodes"].take() else { return Vec::new() };
        nodes.retain(|node| node["ignored"] == false);
        nodes
    }
}

fn role_of(node: &Value) -> &str {
    node["role"]["value"].as_str().unwrap_or_default()
}

fn name_of(node: &Value) -> String {
    node["name"]["value"].as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether this is its name; of a field, but for what its label says of it beside that.
fn is_named(node: &Value, name: &str) -> bool {
    let beside = |rest: &str| rest.is_empty() || rest.starts_with(' ') && rest.split_whitespace().all(|word| BESIDE.contains(&word));
    name_of(node).strip_prefix(name).is_some_and(beside)
}

/// Calls a function on an element.
async fn call(visitor: &Visitor, element: &Value, function: &str, arguments: Value) -> Result<Value, String> {
    let resolved = visitor.try_ask("DOM.resolveNode", json!({"backendNodeId": element})).await?;
    let object = &resolved["object"]["objectId"];
    let params = json!({"functionDeclaration": function, "objectId": object, "arguments": arguments, "returnByValue": true});
    let mut answer = visitor.try_ask("Runtime.callFunctionOn", params).await?;
    match answer.get("exceptionDetails") {
        Some(thrown) => Err(thrown.to_string()),
        None => Ok(answer["result"]["value"].take()),
    }
}
