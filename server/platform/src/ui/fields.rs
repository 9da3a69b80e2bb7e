//! Forms and their fields. Each field has its label, what was typed, and what is wrong with it, joined for screen readers.

use maud::{Markup, html};

use super::View;
use crate::web::Form;

/// A form. Sent twice it does once what it does.
#[must_use]
pub fn form(view: &View, action: &str, body: Markup) -> Markup {
    html! {
        form.fields method="post" action=(action) novalidate {
            input type="hidden" name="once" value=(view.once);
            (body)
        }
    }
}

/// A form that sends a file.
#[must_use]
pub fn file(view: &View, action: &str, name: &str, label: &str, accept: &str, button: &str) -> Markup {
    upload(view, &Form::default(), action, name, label, None, accept, button)
}

/// A form that sends a file, shown again with what was wrong with the file.
#[must_use]
#[expect(clippy::too_many_arguments, reason = "each is a word of the form")]
pub fn upload(
    view: &View,
    form: &Form,
    action: &str,
    name: &str,
    label: &str,
    hint: Option<&str>,
    accept: &str,
    button: &str,
) -> Markup {
    let input = html! {
        input id=(name) type="file" name=(name) accept=(accept) required
            aria-invalid=[invalid(form, name)] aria-describedby=[described(form, name, hint.is_some())];
    };
    html! {
        form.fields.inline method="post" action=(action) enctype="multipart/form-data" {
            input type="hidden" name="once" value=(view.once);
            (field(view, form, name, label, hint, input))
            button.main type="submit" { (button) }
        }
    }
}

/// A form of one button.
#[must_use]
pub fn small_form(view: &View, action: &str, words: &str, class: &str, confirm: Option<&str>) -> Markup {
    html! {
        form.small method="post" action=(action) data-confirm=[confirm] {
            input type="hidden" name="once" value=(view.once);
            button class=(class) type="submit" { (words) }
        }
    }
}

/// A form that asks for a list, in the address.
#[must_use]
pub fn plain_form(action: &str, body: Markup) -> Markup {
    html! { form.filter method="get" action=(action) { (body) } }
}

/// A field that a list is searched with.
#[must_use]
pub fn search(view: &View, name: &str, value: &str, label: &str) -> Markup {
    html! {
        label.search { span.hidden { (label) } input type="search" name=(name) value=(value) placeholder=(label) maxlength="100"; }
        button type="submit" { (view.say("search")) }
    }
}

fn field(view: &View, form: &Form, name: &str, label: &str, hint: Option<&str>, input: Markup) -> Markup {
    let wrong = form.wrong(name);
    html! {
        div.field.wrong[wrong.is_some()] {
            label for=(name) { (label) }
            (input)
            @if let Some(hint) = hint { p.hint id=(format!("{name}-hint")) { (hint) } }
            @if let Some(wrong) = wrong {
                p.error id=(format!("{name}-error")) { (wrong.say(view.language)) }
            }
        }
    }
}

fn described(form: &Form, name: &str, hint: bool) -> Option<String> {
    let parts = [
        hint.then(|| format!("{name}-hint")),
        form.wrong(name).map(|_| format!("{name}-error")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

fn invalid(form: &Form, name: &str) -> Option<&'static str> {
    form.wrong(name).map(|_| "true")
}

/// A line of text. `kind` is the input's type and `complete` what a browser may fill in.
#[must_use]
pub fn line(view: &View, form: &Form, name: &str, label: &str, kind: &str, complete: &str) -> Markup {
    let input = html! {
        input id=(name) name=(name) type=(kind) value=(form.typed(name)) autocomplete=(complete)
            aria-invalid=[invalid(form, name)] aria-describedby=[described(form, name, false)];
    };
    field(view, form, name, label, None, input)
}

/// A password, which is never shown again.
#[must_use]
pub fn password(
    view: &View,
    form: &Form,
    name: &str,
    label: &str,
    complete: &str,
    hint: Option<&str>,
) -> Markup {
    let input = html! {
        input id=(name) name=(name) type="password" autocomplete=(complete)
            aria-invalid=[invalid(form, name)] aria-describedby=[described(form, name, hint.is_some())];
    };
    field(view, form, name, label, hint, input)
}

/// A day.
#[must_use]
pub fn date(view: &View, form: &Form, name: &str, label: &str) -> Markup {
    line(view, form, name, label, "date", "off")
}

/// Several lines of text.
#[must_use]
pub fn area(view: &View, form: &Form, name: &str, label: &str) -> Markup {
    let input = html! {
        textarea id=(name) name=(name) rows="4" aria-invalid=[invalid(form, name)]
            aria-describedby=[described(form, name, false)] { (form.typed(name)) }
    };
    field(view, form, name, label, None, input)
}

/// One of several.
#[must_use]
pub fn choice(view: &View, form: &Form, name: &str, label: &str, options: &[(String, String)]) -> Markup {
    let typed = form.typed(name);
    let input = html! {
        select id=(name) name=(name) aria-invalid=[invalid(form, name)] aria-describedby=[described(form, name, false)] {
            @for (value, words) in options {
                option value=(value) selected[value == typed] { (words) }
            }
        }
    };
    field(view, form, name, label, None, input)
}

/// A box to tick.
#[must_use]
pub fn check(form: &Form, name: &str, label: &str) -> Markup {
    html! {
        label.check { input type="checkbox" name=(name) value="1" checked[form.is_ticked(name)]; span { (label) } }
    }
}

/// Several boxes to tick: values, words, and what they are about.
#[must_use]
pub fn checks(
    view: &View,
    form: &Form,
    name: &str,
    label: &str,
    options: &[(String, String, String)],
) -> Markup {
    let wrong = form.wrong(name);
    html! {
        fieldset.checks.wrong[wrong.is_some()] {
            legend { (label) }
            @for (value, words, about) in options {
                label.check {
                    input type="checkbox" name=(name) value=(value) checked[form.chosen(name).any(|chosen| chosen == value)];
                    span { (words) @if !about.is_empty() { small { (about) } } }
                }
            }
            @if let Some(wrong) = wrong { p.error { (wrong.say(view.language)) } }
        }
    }
}

/// A value that goes with a form.
#[must_use]
pub fn hidden(name: &str, value: &str) -> Markup {
    html! { input type="hidden" name=(name) value=(value); }
}

/// The button that sends a form.
#[must_use]
pub fn submit(words: &str) -> Markup {
    html! { div.buttons { button.main type="submit" { (words) } } }
}
