//! Pictures of people and organisations: sent, shown, taken away (ACC-13, ACC-24, ACC-31).

use axum::Router;
use axum::extract::{Path, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use maud::{Markup, html};

use super::store::{self, Kind, Owner, Stored};
use super::{ACCEPT, Made, Shape};
use crate::organisations;
use crate::people;
use crate::permissions::{Action, Resource};
use crate::ui::{self, View};
use crate::web::{Done, Fields, Form, Upload, Visit};
use crate::{Error, Platform, Result};

pub(super) fn router() -> Router<Platform> {
    Router::new()
        .route("/people/{id}/avatar", get(avatar))
        .route("/profile/avatar", post(change_avatar))
        .route("/profile/avatar/remove", post(remove_avatar))
        .route(
            "/organisation/pictures/{picture}",
            get(organisation_picture).post(change_organisation_picture),
        )
        .route(
            "/organisation/pictures/{picture}/remove",
            post(remove_organisation_picture),
        )
}

/// A picture as an answer. A browser asks whether it is still the one, and is not sent it again.
pub(crate) fn answer(headers: &HeaderMap, stored: Stored) -> Response {
    let tag = format!("\"{}-{}\"", stored.id, stored.created_ns);
    let known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok());
    let kept = [
        (header::ETAG, tag.clone()),
        (header::CACHE_CONTROL, "private, no-cache".to_owned()),
    ];
    if known == Some(tag.as_str()) {
        return (StatusCode::NOT_MODIFIED, kept).into_response();
    }
    (kept, [(header::CONTENT_TYPE, stored.media_type)], stored.content).into_response()
}

/// Whoever works with a person sees the person's picture.
async fn avatar(visit: Visit, headers: HeaderMap, Path(id): Path<i64>) -> Result<Response> {
    let account = visit.person()?.account();
    visit.may(Action::Use, Resource::Account(account)).await?;
    let platform = visit.platform();
    if id != account && !store::are_together(platform.readers(), account, id).await? {
        return Err(Error::NotFound);
    }
    let stored = store::get(
        platform.readers(),
        platform.key(),
        Owner::Person(id),
        Kind::Avatar,
    )
    .await?;
    Ok(answer(&headers, stored.ok_or(Error::NotFound)?))
}

/// The own picture on the page of the profile.
pub(crate) fn avatar_card(visit: &Visit, uploads: &Form) -> Result<Markup> {
    let view = visit.view();
    let signed = visit.person()?;
    Ok(ui::card(
        &view.say("avatar"),
        html! {
            (ui::avatar(signed.account(), signed.name(), signed.has_avatar))
            (ui::upload(view, uploads, "/profile/avatar", "avatar", &view.say("avatar"), Some(&view.say("avatar-hint")), ACCEPT, &view.say("upload")))
            @if signed.has_avatar {
                (ui::small_form(view, "/profile/avatar/remove", &view.say("picture-remove"), "", None))
            }
        },
    ))
}

async fn change_avatar(visit: Visit, request: Request) -> Result<Done> {
    let account = visit.person()?.account();
    visit.may(Action::ProfileEdit, Resource::Account(account)).await?;
    let mut upload = Upload::read(request, "avatar").await?;
    let Some(made) = made(&visit, &mut upload, "avatar", Shape::Avatar).await? else {
        return Err(Error::Wrong(Box::new(
            people::profile_page(&visit, &upload.form).await?,
        )));
    };
    let platform = visit.platform();
    let change = visit.begin(&upload.form).await?;
    store::put(
        &*change,
        platform.key(),
        Owner::Person(account),
        Kind::Avatar,
        made,
        visit.now_ns(),
    )
    .await?;
    let mut entry = visit.entry("picture.changed");
    entry.subject = Some(format!("person:{account}"));
    change.record(entry).await?;
    change.lead_to("/profile").await
}

/// Makes the picture of an upload; `None` where the form says what is wrong with it.
pub(crate) async fn made(
    visit: &Visit,
    upload: &mut Upload,
    name: &str,
    shape: Shape,
) -> Result<Option<Made>> {
    if upload.form.is_wrong() {
        return Ok(None);
    }
    let file = std::mem::take(&mut upload.file);
    Ok(match visit.platform().pictures().make(file, shape).await? {
        Ok(made) => Some(made),
        Err(wrong) => {
            upload.form.refuse(name, wrong);
            None
        }
    })
}

async fn remove_avatar(visit: Visit, fields: Fields) -> Result<Done> {
    let account = visit.person()?.account();
    visit.may(Action::ProfileEdit, Resource::Account(account)).await?;
    let change = visit.begin(&Form::new(fields)).await?;
    store::remove(&*change, Owner::Person(account), Kind::Avatar).await?;
    let mut entry = visit.entry("picture.removed");
    entry.subject = Some(format!("person:{account}"));
    change.record(entry).await?;
    change.lead_to("/profile").await
}

/// A picture of an organisation, by the word of its address.
fn picture_of(word: &str) -> Result<(Kind, Shape)> {
    match word {
        "logo" => Ok((Kind::Logo, Shape::Logo)),
        "signature" => Ok((Kind::Signature, Shape::Signature)),
        _ => Err(Error::NotFound),
    }
}

/// The active organisation, where something may be done to it.
pub(crate) async fn own_organisation(visit: &Visit, action: Action) -> Result<i64> {
    let id = visit.organisation()?;
    visit.may(action, Resource::Organisation(id)).await?;
    Ok(id)
}

async fn organisation_picture(
    visit: Visit,
    headers: HeaderMap,
    Path(word): Path<String>,
) -> Result<Response> {
    let id = own_organisation(&visit, Action::OrganisationView).await?;
    let (kind, _) = picture_of(&word)?;
    let platform = visit.platform();
    let stored = store::get(platform.readers(), platform.key(), Owner::Organisation(id), kind).await?;
    Ok(answer(&headers, stored.ok_or(Error::NotFound)?))
}

/// Logo and fixed signature, on the page that changes the organisation.
pub(crate) async fn organisation_cards(visit: &Visit, id: i64, uploads: &Form) -> Result<Markup> {
    let view = visit.view();
    let readers = visit.platform().readers();
    let owner = Owner::Organisation(id);
    let logo = store::since(readers, owner, Kind::Logo).await?.is_some();
    let signature = store::since(readers, owner, Kind::Signature).await?.is_some();
    Ok(html! {
        (picture_card(view, uploads, "logo", logo, &view.say("logo"), &view.say("logo-hint")))
        (picture_card(view, uploads, "signature", signature, &view.say("fixed-signature"), &view.say("fixed-signature-hint")))
    })
}

fn picture_card(
    view: &View,
    uploads: &Form,
    word: &str,
    is_there: bool,
    heading: &str,
    hint: &str,
) -> Markup {
    let address = format!("/organisation/pictures/{word}");
    ui::card(
        heading,
        html! {
            @if is_there { img.picture src=(address) alt=(heading); }
            (ui::upload(view, uploads, &address, word, &view.say("picture-file"), Some(hint), ACCEPT, &view.say("upload")))
            @if is_there { (ui::small_form(view, &format!("{address}/remove"), &view.say("picture-remove"), "", None)) }
        },
    )
}

async fn change_organisation_picture(
    visit: Visit,
    Path(word): Path<String>,
    request: Request,
) -> Result<Done> {
    let id = own_organisation(&visit, Action::OrganisationEdit).await?;
    let (kind, shape) = picture_of(&word)?;
    let mut upload = Upload::read(request, &word).await?;
    let Some(made) = made(&visit, &mut upload, &word, shape).await? else {
        return Err(Error::Wrong(Box::new(
            organisations::edit_page(&visit, id, &upload.form).await?,
        )));
    };
    let platform = visit.platform();
    let change = visit.begin(&upload.form).await?;
    store::put(
        &*change,
        platform.key(),
        Owner::Organisation(id),
        kind,
        made,
        visit.now_ns(),
    )
    .await?;
    change
        .record(picture_entry(&visit, "picture.changed", id, &word))
        .await?;
    change.lead_to("/organisation/edit").await
}

fn picture_entry(visit: &Visit, kind: &'static str, id: i64, word: &str) -> journal::Entry {
    let mut entry = visit.entry(kind);
    entry.subject = Some(format!("organisation:{id}"));
    entry.detail = Some(serde_json::json!({ "picture": word }).to_string());
    entry
}

async fn remove_organisation_picture(visit: Visit, Path(word): Path<String>, fields: Fields) -> Result<Done> {
    let id = own_organisation(&visit, Action::OrganisationEdit).await?;
    let (kind, _) = picture_of(&word)?;
    let change = visit.begin(&Form::new(fields)).await?;
    store::remove(&*change, Owner::Organisation(id), kind).await?;
    change
        .record(picture_entry(&visit, "picture.removed", id, &word))
        .await?;
    change.lead_to("/organisation/edit").await
}
