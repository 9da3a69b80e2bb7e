//! The form of a program: its fields, and what they say.

use maud::{Markup, html};

use crate::clients::model::{Client, GrantType, SCOPES, Scope, check_redirect_uri};
use crate::ui::{self, View};
use crate::web::{Form, Wrong};

/// Addresses of one program at most.
const MOST_REDIRECT_URIS: usize = 20;

/// Fields that a new program has and one that is changed.
pub(super) fn common_fields(view: &View, form: &Form) -> Markup {
    let pair = |word: &str, key: &str, about: &str| {
        let about = if about.is_empty() {
            String::new()
        } else {
            view.say(about).into_owned()
        };
        (word.to_owned(), view.say(key).into_owned(), about)
    };
    let grant_types: Vec<_> = GrantType::ALL
        .iter()
        .map(|one| pair(one.word(), one.key(), ""))
        .collect();
    let scopes: Vec<_> = SCOPES
        .iter()
        .map(|scope| pair(scope.word, scope.key, scope.about))
        .collect();
    html! {
        (ui::area(view, form, "redirect_uris", &view.say("client-redirect-uris")))
        p.hint { (view.say("client-redirect-uris-about")) }
        (ui::checks(view, form, "grant_types", &view.say("client-grant-types"), &grant_types))
        (ui::checks(view, form, "scopes", &view.say("client-scopes"), &scopes))
    }
}

/// What a form says of a program; its kind and its organisation stand in `before`.
pub(super) fn read(form: &mut Form, before: Client) -> Client {
    let name = form.name("name", 60);
    let redirect_uris = redirect_uris(form);
    let grant_types = grant_types(form, before.is_confidential, redirect_uris.is_empty());
    let chosen: Vec<String> = form.chosen("scopes").map(str::to_owned).collect();
    if chosen.iter().any(|word| Scope::from_word(word).is_none()) {
        form.refuse("scopes", Wrong::new("wrong-choice"));
    }
    let scopes = SCOPES
        .iter()
        .filter(|scope| chosen.iter().any(|word| word == scope.word));
    Client {
        name,
        redirect_uris,
        grant_types,
        scopes: scopes.collect(),
        ..before
    }
}

fn redirect_uris(form: &mut Form) -> Vec<String> {
    let text = form.text("redirect_uris", 10_000).unwrap_or_default();
    let mut uris: Vec<String> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Err(key) = check_redirect_uri(line) {
            form.refuse("redirect_uris", Wrong::new(key));
        }
        if !uris.iter().any(|uri| uri == line) {
            uris.push(line.to_owned());
        }
    }
    if uris.len() > MOST_REDIRECT_URIS {
        form.refuse(
            "redirect_uris",
            Wrong::new("wrong-redirect-many").with("most", MOST_REDIRECT_URIS),
        );
    }
    uris
}

fn grant_types(form: &mut Form, is_confidential: bool, has_no_redirect: bool) -> Vec<GrantType> {
    let chosen: Vec<String> = form.chosen("grant_types").map(str::to_owned).collect();
    let has = |one: GrantType| chosen.iter().any(|word| word == one.word());
    if chosen.iter().any(|word| GrantType::from_word(word).is_none()) {
        form.refuse("grant_types", Wrong::new("wrong-choice"));
    }
    if chosen.is_empty() {
        form.refuse("grant_types", Wrong::new("wrong-grant-none"));
    }
    if has(GrantType::RefreshToken) && !has(GrantType::AuthorizationCode) {
        form.refuse("grant_types", Wrong::new("wrong-grant-refresh"));
    }
    if has(GrantType::ClientCredentials) && !is_confidential {
        form.refuse("grant_types", Wrong::new("wrong-grant-credentials"));
    }
    if has(GrantType::AuthorizationCode) && has_no_redirect {
        form.refuse("redirect_uris", Wrong::new("wrong-missing"));
    }
    GrantType::ALL.into_iter().filter(|one| has(*one)).collect()
}
