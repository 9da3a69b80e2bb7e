//! Programs as the security administrator lets them in: listed, added, changed, given a new secret, shut out.

mod form;

use axum::Router;
use axum::extract::{Path, RawQuery};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use maud::{Markup, html};

use super::model::{Client, Scope, words_of};
use super::store::{self, Listed};
use super::{keys, tokens};
use crate::filters;
use crate::organisations::store as organisations;
use crate::permissions::{Action, Resource};
use crate::ui::{self, Column, Pager, Tone, View};
use crate::web::{Change, Done, Fields, Form, Visit, Wrong};
use crate::{Error, Platform, Result, secrets};

/// Programs of a page.
const PAGE: u32 = 50;
/// Organisations that a program can be given to, in one list.
const ORGANISATIONS: u32 = 1000;

pub(super) fn router() -> Router<Platform> {
    Router::new()
        .route("/platform/clients", get(list).post(add))
        .route("/platform/clients/new", get(new))
        .route("/platform/clients/keys", post(make_key))
        .route("/platform/clients/{id}", get(show))
        .route("/platform/clients/{id}/edit", get(edit).post(change))
        .route("/platform/clients/{id}/secret", post(new_secret))
        .route("/platform/clients/{id}/disable", post(disable))
        .route("/platform/clients/{id}/enable", post(enable))
}

async fn list(visit: Visit, RawQuery(query): RawQuery) -> Result<Markup> {
    visit.may(Action::ClientsEdit, Resource::Platform).await?;
    let view = visit.view();
    let query = Fields::parse(query.unwrap_or_default().as_bytes())?;
    let words = query.get("q");
    let after: i64 = query.get("after").parse().unwrap_or(0);
    let found = store::list(visit.platform().readers(), words, after, PAGE).await?;
    let columns = [
        Column::new("name", view.say("thing-name")),
        Column::new("organisation", view.say("client-organisation")),
        Column::new("kind", view.say("kind")),
        Column::new("scopes", view.say("client-scopes")),
        Column::new("state", view.say("state")),
        Column::new("since", view.say("since")),
    ];
    let rows: Vec<Vec<Markup>> = found.iter().map(|one| row(view, one)).collect();
    let quoted: String = form_urlencoded::byte_serialize(words.as_bytes()).collect();
    let pager = Pager {
        base: format!("/platform/clients?q={quoted}"),
        next: found
            .last()
            .filter(|_| found.len() == PAGE as usize)
            .map(|last| last.client.id.to_string()),
        is_later: after > 0,
    };
    let keys = keys_card(&visit).await?;
    Ok(ui::page(
        &visit,
        &view.say("clients"),
        html! {
            div.head {
                h1 { (view.say("clients")) }
                (ui::button_link("/platform/clients/new", &view.say("client-new"), true))
            }
            (filters::form(&visit, "/platform/clients", ui::search(view, "q", words, &view.say("client-search"))).await?)
            @if rows.is_empty() { (ui::empty(&view.say("none-found"), None)) } @else { (ui::table(view, "clients", &columns, &rows)) }
            (ui::pager(view, &pager))
            (keys)
        },
    ))
}

fn row(view: &View, one: &Listed) -> Vec<Markup> {
    let client = &one.client;
    vec![
        html! { a href=(format!("/platform/clients/{}", client.id)) { (client.name) } },
        html! { (one.organisation) },
        html! { (view.say(kind_key(client))) },
        html! { (names(view, &client.scopes)) },
        state(view, client),
        view.time(client.created_ns),
    ]
}

fn kind_key(client: &Client) -> &'static str {
    match client.is_confidential {
        true => "client-confidential",
        false => "client-public",
    }
}

fn state(view: &View, client: &Client) -> Markup {
    match client.disabled_ns {
        None => ui::badge(Tone::Good, &view.say("client-enabled")),
        Some(_) => ui::badge(Tone::Bad, &view.say("client-disabled")),
    }
}

fn names(view: &View, scopes: &[&'static Scope]) -> String {
    let names: Vec<_> = scopes.iter().map(|scope| view.say(scope.key)).collect();
    match names.is_empty() {
        true => "—".to_owned(),
        false => names.join(view.say("between").as_ref()),
    }
}

/// The keys that sign tokens, and the way to the next.
async fn keys_card(visit: &Visit) -> Result<Markup> {
    let view = visit.view();
    let now_ns = visit.now_ns();
    let published = keys::published(visit.platform()).await?;
    let waits = published.iter().any(|key| key.signs_from_ns > now_ns);
    let columns = [
        Column::new("kid", view.say("key-number")),
        Column::new("from", view.say("key-signs-from")),
        Column::new("state", view.say("state")),
    ];
    let rows: Vec<Vec<Markup>> = published
        .iter()
        .enumerate()
        .map(|(place, key)| {
            let state = match (key.signs_from_ns > now_ns, place) {
                (true, _) => ui::badge(Tone::Attention, &view.say("key-waits")),
                (false, 0) => ui::badge(Tone::Good, &view.say("key-signs")),
                (false, _) => ui::badge(Tone::Quiet, &view.say("key-checks")),
            };
            vec![html! { code { (key.kid) } }, view.time(key.signs_from_ns), state]
        })
        .collect();
    Ok(ui::card(
        &view.say("keys"),
        html! {
            p.hint { (view.say_with("keys-about", &[("minutes", (tokens::LONGEST_NS / crate::clock::MINUTE_NS).into())])) }
            (ui::table(view, "keys", &columns, &rows))
            @if !waits {
                p { (ui::small_form(view, "/platform/clients/keys", &view.say("key-make"), "", Some(&view.say("key-make-confirm")))) }
            }
        },
    ))
}

async fn make_key(visit: Visit, sent: Fields) -> Result<Done> {
    visit.may(Action::ClientsEdit, Resource::Platform).await?;
    let change = visit.begin(&Form::new(sent)).await?;
    let kid = keys::make_next(visit.platform(), &*change).await?;
    let mut entry = visit.entry("client.key-made");
    entry.detail = Some(serde_json::json!({ "kid": kid }).to_string());
    change.record(entry).await?;
    change.lead_to("/platform/clients").await
}

async fn new(visit: Visit) -> Result<Markup> {
    visit.may(Action::ClientsEdit, Resource::Platform).await?;
    let form = Form::filled([("kind", "confidential".to_owned())]);
    new_page(&visit, &form).await
}

async fn new_page(visit: &Visit, form: &Form) -> Result<Markup> {
    let view = visit.view();
    let organisations = choices(visit).await?;
    let kinds = ["client-confidential", "client-public"].map(|key| {
        (
            key.trim_start_matches("client-").to_owned(),
            view.say(key).into_owned(),
        )
    });
    let fields = html! {
        (ui::line(view, form, "name", &view.say("thing-name"), "text", "off"))
        (ui::choice(view, form, "organisation", &view.say("client-organisation"), &organisations))
        (ui::choice(view, form, "kind", &view.say("kind"), &kinds))
        p.hint { (view.say("client-kind-about")) }
        (form::common_fields(view, form))
        (ui::submit(&view.say("client-add")))
    };
    Ok(ui::page(
        visit,
        &view.say("client-new"),
        html! {
            p { a href="/platform/clients" { (view.say("clients")) } }
            h1 { (view.say("client-new")) }
            section.card { (ui::form(view, "/platform/clients", fields)) }
        },
    ))
}

/// Organisations that are open, by their numbers.
async fn choices(visit: &Visit) -> Result<Vec<(String, String)>> {
    let all = organisations::find(visit.platform().readers(), "", 0, ORGANISATIONS).await?;
    let open = all.into_iter().filter(|one| one.is_active);
    Ok(open
        .map(|one| (one.id.to_string(), format!("{} ({})", one.name, one.number)))
        .collect())
}

async fn add(visit: Visit, sent: Fields) -> Result<Response> {
    visit.may(Action::ClientsEdit, Resource::Platform).await?;
    let mut form = Form::new(sent);
    let organisation = form.id("organisation");
    let is_confidential = form.choice("kind", &["confidential", "public"]) == "confidential";
    let known = choices(&visit).await?;
    if !known.iter().any(|(id, _)| *id == organisation.to_string()) {
        form.refuse("organisation", Wrong::new("wrong-choice"));
    }
    let secret = secrets::token()?;
    let blank = Client {
        id: 0,
        client_id: format!("upt-{}", URL_SAFE_NO_PAD.encode(secrets::random::<12>()?)),
        organisation,
        name: String::new(),
        is_confidential,
        secret: is_confidential.then(|| secrets::kept(&secret)),
        secret_at_ns: is_confidential.then(|| visit.now_ns()),
        redirect_uris: Vec::new(),
        grant_types: Vec::new(),
        scopes: Vec::new(),
        created_ns: visit.now_ns(),
        disabled_ns: None,
    };
    let client = form::read(&mut form, blank);
    if form.is_wrong() {
        return Err(Error::Wrong(Box::new(new_page(&visit, &form).await?)));
    }
    let change = visit.begin(&form).await?;
    let id = store::add(&*change, &client).await?;
    record(&visit, &change, "client.added", &client).await?;
    let location = format!("/platform/clients/{id}");
    if !is_confidential {
        return Ok(change.lead_to(location).await?.into_response());
    }
    change.commit_once(location).await?;
    let listed = one(&visit, id).await?;
    Ok(page(&visit, &listed, Some(&secret)).into_response())
}

async fn record(visit: &Visit, change: &Change, kind: &'static str, client: &Client) -> Result<()> {
    let mut entry = visit.entry(kind);
    entry.subject = Some(format!("client:{}", client.client_id));
    entry.detail = Some(
        serde_json::json!({
            "of": client.organisation,
            "redirect_uris": client.redirect_uris,
            "grant_types": client.grant_types.iter().map(|one| one.word()).collect::<Vec<_>>(),
            "scopes": words_of(&client.scopes),
        })
        .to_string(),
    );
    change.record(entry).await
}

async fn one(visit: &Visit, id: i64) -> Result<Listed> {
    let found = store::one(visit.platform().readers(), id).await?;
    found.ok_or(Error::NotFound)
}

async fn show(visit: Visit, Path(id): Path<i64>) -> Result<Markup> {
    visit.may(Action::ClientsEdit, Resource::Platform).await?;
    let listed = one(&visit, id).await?;
    Ok(page(&visit, &listed, None))
}

/// The page of a program, with a secret that is shown this once.
fn page(visit: &Visit, listed: &Listed, secret: Option<&str>) -> Markup {
    let view = visit.view();
    let client = &listed.client;
    let id = client.id;
    let grant_types: Vec<_> = client.grant_types.iter().map(|one| view.say(one.key())).collect();
    let mut facts = vec![
        (view.say("client-id"), html! { code { (client.client_id) } }),
        (view.say("client-organisation"), html! { (listed.organisation) }),
        (view.say("kind"), html! { (view.say(kind_key(client))) }),
        (
            view.say("client-grant-types"),
            html! { (grant_types.join(view.say("between").as_ref())) },
        ),
        (view.say("client-scopes"), html! { (names(view, &client.scopes)) }),
        (
            view.say("client-redirect-uris"),
            html! {
                @if client.redirect_uris.is_empty() { "—" }
                @for uri in &client.redirect_uris { code { (uri) } br; }
            },
        ),
        (view.say("since"), view.time(client.created_ns)),
    ];
    if client.is_confidential {
        facts.push((view.say("client-secret-at"), view.time_if(client.secret_at_ns)));
    }
    let facts: Vec<(&str, Markup)> = facts
        .iter()
        .map(|(name, value)| (name.as_ref(), value.clone()))
        .collect();
    ui::page(
        visit,
        &client.name,
        html! {
            p { a href="/platform/clients" { (view.say("clients")) } }
            div.head {
                h1 { (client.name) " " (state(view, client)) }
                (ui::button_link(&format!("/platform/clients/{id}/edit"), &view.say("edit"), true))
            }
            @if let Some(secret) = secret {
                section.card.attention {
                    h2 { (view.say("client-secret")) }
                    p { (view.say("client-secret-once")) }
                    code.long { (secret) }
                }
            }
            div.columns {
                (ui::card(&view.say("client"), ui::pairs(&facts)))
                (ui::card(&view.say("client-addresses"), addresses(visit)))
                (ui::card(&view.say("client-care"), html! {
                    @if client.is_confidential {
                        p.quiet { (view.say("client-secret-about")) }
                        p { (ui::small_form(view, &format!("/platform/clients/{id}/secret"), &view.say("client-secret-new"), "", Some(&view.say("client-secret-confirm")))) }
                    }
                    @match client.disabled_ns {
                        None => {
                            p.quiet { (view.say("client-disable-about")) }
                            (ui::small_form(view, &format!("/platform/clients/{id}/disable"), &view.say("client-disable"), "danger", None))
                        },
                        Some(_) => (ui::small_form(view, &format!("/platform/clients/{id}/enable"), &view.say("client-enable"), "main", None)),
                    }
                }))
            }
        },
    )
}

/// What whoever writes the program needs to know of this site.
fn addresses(visit: &Visit) -> Markup {
    let view = visit.view();
    let at = |path: &str| html! { code { (visit.address_of_page(path)) } };
    ui::pairs(&[
        (&view.say("client-issuer"), at("")),
        (
            &view.say("client-discovery"),
            at("/.well-known/openid-configuration"),
        ),
        (&view.say("client-dicomweb"), at("/dicom-web")),
    ])
}

async fn edit(visit: Visit, Path(id): Path<i64>) -> Result<Markup> {
    visit.may(Action::ClientsEdit, Resource::Platform).await?;
    let listed = one(&visit, id).await?;
    let client = &listed.client;
    let mut pairs = vec![
        ("name", client.name.clone()),
        ("redirect_uris", client.redirect_uris.join("\n")),
    ];
    pairs.extend(
        client
            .grant_types
            .iter()
            .map(|one| ("grant_types", one.word().to_owned())),
    );
    pairs.extend(
        client
            .scopes
            .iter()
            .map(|scope| ("scopes", scope.word.to_owned())),
    );
    Ok(edit_page(&visit, &listed, &Form::filled(pairs)))
}

fn edit_page(visit: &Visit, listed: &Listed, form: &Form) -> Markup {
    let view = visit.view();
    let address = format!("/platform/clients/{}", listed.client.id);
    let fields = html! {
        (ui::line(view, form, "name", &view.say("thing-name"), "text", "off"))
        (form::common_fields(view, form))
        (ui::submit(&view.say("save")))
    };
    ui::page(
        visit,
        &listed.client.name,
        html! {
            p { a href=(address) { (listed.client.name) } }
            h1 { (view.say("client-edit")) }
            section.card { (ui::form(view, &format!("{address}/edit"), fields)) }
        },
    )
}

async fn change(visit: Visit, Path(id): Path<i64>, sent: Fields) -> Result<Done> {
    visit.may(Action::ClientsEdit, Resource::Platform).await?;
    let listed = one(&visit, id).await?;
    let mut form = Form::new(sent);
    let client = form::read(&mut form, listed.client.clone());
    if form.is_wrong() {
        return Err(Error::Wrong(Box::new(edit_page(&visit, &listed, &form))));
    }
    let change = visit.begin(&form).await?;
    store::change(&*change, &client).await?;
    record(&visit, &change, "client.changed", &client).await?;
    change.lead_to(format!("/platform/clients/{id}")).await
}

async fn new_secret(visit: Visit, Path(id): Path<i64>, sent: Fields) -> Result<Response> {
    visit.may(Action::ClientsEdit, Resource::Platform).await?;
    let listed = one(&visit, id).await?;
    if !listed.client.is_confidential {
        return Err(Error::Conflict("conflict-client-public"));
    }
    let secret = secrets::token()?;
    let change = visit.begin(&Form::new(sent)).await?;
    store::set_secret(&*change, id, &secret, visit.now_ns()).await?;
    note(&visit, &change, "client.secret-made", &listed.client).await?;
    change.commit_once(format!("/platform/clients/{id}")).await?;
    let listed = one(&visit, id).await?;
    Ok(page(&visit, &listed, Some(&secret)).into_response())
}

async fn note(visit: &Visit, change: &Change, kind: &'static str, client: &Client) -> Result<()> {
    let mut entry = visit.entry(kind);
    entry.subject = Some(format!("client:{}", client.client_id));
    change.record(entry).await
}

async fn disable(visit: Visit, Path(id): Path<i64>, sent: Fields) -> Result<Done> {
    set_disabled(&visit, id, sent, Some(visit.now_ns())).await
}

async fn enable(visit: Visit, Path(id): Path<i64>, sent: Fields) -> Result<Done> {
    set_disabled(&visit, id, sent, None).await
}

async fn set_disabled(visit: &Visit, id: i64, sent: Fields, since_ns: Option<i64>) -> Result<Done> {
    visit.may(Action::ClientsEdit, Resource::Platform).await?;
    let listed = one(visit, id).await?;
    let change = visit.begin(&Form::new(sent)).await?;
    if !store::set_disabled(&*change, id, since_ns).await? {
        return Err(Error::Conflict("conflict-decided"));
    }
    let kind = match since_ns {
        Some(_) => "client.disabled",
        None => "client.enabled",
    };
    note(visit, &change, kind, &listed.client).await?;
    change.lead_to(format!("/platform/clients/{id}")).await
}
