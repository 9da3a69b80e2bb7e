//! A forgotten password (ACC-14): a code by SMS, or a link by mail to an address that was shown to be the person's; both good
//! once, the code for five minutes, the link for half an hour. Who asks learns nothing about accounts.
//!
//! Where neither way is connected the security administrators are told, who make sure that it is the person and give a
//! one-time password: the page says so.

use axum::Router;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::{Markup, html};

use super::code::{self, For, Says};
use super::one_time::{self, Purpose};
use super::{about_code, attempts, code_field, pages, password_pages};
use crate::messages::{Notice, tell};
use crate::outbox::{self, Channel, Message};
use crate::people::{reach, store as people};
use crate::ui::{self, Tone};
use crate::web::{Change, Done, Fields, Form, Visit, Wrong};
use crate::{Error, Platform, Result, secrets};

pub(super) fn router() -> Router<Platform> {
    Router::new()
        .route("/forgotten", get(ask).post(asked))
        .route("/forgotten/sent", get(sent))
        .route("/forgotten/code", get(type_code).post(reset_by_code))
        .route("/reset/{token}", get(new_password).post(reset))
}

async fn ask(visit: Visit) -> Result<Markup> {
    page(&visit, &Form::default()).await
}

async fn page(visit: &Visit, form: &Form) -> Result<Markup> {
    let view = visit.view();
    let token = pages::new_captcha(visit).await?;
    let ways = ways(visit);
    let options: Vec<(String, String)> = ways
        .iter()
        .map(|way| {
            (
                (*way).to_owned(),
                view.say(&format!("outbox-channel-{way}")).into_owned(),
            )
        })
        .collect();
    Ok(ui::bare(
        visit,
        &view.say("forgotten"),
        html! {
            section.card.narrow {
                h1 { (view.say("forgotten")) }
                p.quiet { (view.say(match ways.first() {
                    None => "forgotten-about",
                    Some(_) => "forgotten-about-ways",
                })) }
                (ui::form(view, "/forgotten", html! {
                    (ui::line(view, form, "mobile", &view.say("mobile"), "tel", "username"))
                    @if ways.len() > 1 { (ui::choice(view, form, "way", &view.say("forgotten-way"), &options)) }
                    (pages::captcha_field(visit, form, &token))
                    (ui::submit(&view.say("forgotten-ask")))
                }))
            }
        },
    ))
}

/// The ways by which a password can be given back without an administrator.
fn ways(visit: &Visit) -> Vec<&'static str> {
    let platform = visit.platform();
    let sms = outbox::can_say(platform, Channel::Sms, "code").then_some("sms");
    let mail = outbox::link_base(platform).map(|_| "mail");
    sms.into_iter().chain(mail).collect()
}

async fn asked(visit: Visit, fields: Fields) -> Result<Done> {
    let mut form = Form::new(fields);
    let mobile = form.mobile("mobile");
    let ways = ways(&visit);
    let way = match ways.as_slice() {
        [] => None,
        [only] => Some(*only),
        several => Some(form.choice("way", several)),
    };
    if !form.is_wrong() && !pages::captcha_is_right(&visit, &form).await? {
        form.refuse("captcha", Wrong::new("wrong-captcha"));
    }
    if way.is_some() {
        code::check_limits(&visit, &mut form, &mobile).await?;
    }
    if form.is_wrong() {
        return Err(Error::Wrong(Box::new(page(&visit, &form).await?)));
    }
    let change = visit.begin(&form).await?;
    let account = people::by_mobile(&*change, &mobile).await?;
    let account = account.filter(|account| account.state == "active");
    if let Some(account) = &account {
        let mut entry = visit.entry("account.reset-asked");
        entry.subject = Some(format!("person:{}", account.id));
        change.record(entry).await?;
    }
    let person = account.as_ref().map(|account| account.id);
    match way {
        Some("sms") => {
            let says = person.map_or(Says::Nothing, |_| Says::Code);
            let cookie = code::ask(&change, &visit, For::Reset, &mobile, person, says).await?;
            Ok(change.lead_to("/forgotten/code").await?.with_cookie(cookie))
        }
        Some(_) => {
            // Counted as a code is; the cookie leads nowhere.
            code::ask(&change, &visit, For::Reset, &mobile, None, Says::Nothing).await?;
            if let Some(account) = &account {
                send_link(&visit, &change, account.id).await?;
            }
            change.lead_to("/forgotten/sent").await
        }
        None => {
            if let Some(account) = &account {
                tell_administrators(&visit, &change, account).await?;
            }
            change.lead_to("/forgotten/sent").await
        }
    }
}

/// Sends a link for a new password to an address that was shown to be the person's.
async fn send_link(visit: &Visit, change: &Change, person: i64) -> Result<()> {
    let platform = visit.platform();
    let address = reach::verified_email(&**change, person).await?;
    let (Some(to), Some(base)) = (address, outbox::link_base(platform)) else {
        return Ok(());
    };
    let now_ns = visit.now_ns();
    one_time::end_others(&**change, Purpose::Reset, person, now_ns).await?;
    let token = one_time::make(&**change, Purpose::Reset, Some(person), "", now_ns).await?;
    let message = Message {
        channel: Channel::Mail,
        person: Some(person),
        to,
        template: "reset-link",
        arguments: &[("link", &format!("{base}/reset/{token}"))],
        organisation: None,
        key: format!("reset {}", secrets::kept(&token)),
        at_ns: None,
        language: visit.view().language,
    };
    outbox::send(platform, &**change, &message).await
}

async fn tell_administrators(visit: &Visit, change: &Change, account: &people::Account) -> Result<()> {
    for administrator in people::holding(&**change, "accounts").await? {
        let notice = Notice {
            person: administrator,
            organisation: None,
            kind: "reset-asked",
            arguments: &[("name", &account.name)],
            link: format!("/platform/accounts/{}", account.id),
            is_todo: true,
            subject: Some(format!("person:{}", account.id)),
        };
        tell(&**change, &notice, visit.now_ns()).await?;
    }
    Ok(())
}

fn code_page(visit: &Visit, form: &Form) -> Markup {
    let view = visit.view();
    ui::bare(
        visit,
        &view.say("password-new"),
        html! {
            section.card.narrow {
                h1 { (view.say("password-new")) }
                (about_code(visit))
                (ui::form(view, "/forgotten/code", html! {
                    (code_field(visit, form))
                    (password_pages::fields(visit, form))
                    (ui::submit(&view.say("save")))
                }))
                p.links { a href="/forgotten" { (view.say("code-another")) } }
            }
        },
    )
}

async fn type_code(visit: Visit, headers: HeaderMap) -> Result<Response> {
    match code::is_asked(&visit, &headers).await? {
        true => Ok(code_page(&visit, &Form::default()).into_response()),
        false => Ok(Done::to("/forgotten").into_response()),
    }
}

async fn reset_by_code(visit: Visit, headers: HeaderMap, fields: Fields) -> Result<Done> {
    let mut form = Form::new(fields);
    let typed = password_pages::read(&mut form);
    let shown = code::check(&visit, &headers, &mut form, For::Reset).await?;
    let readers = visit.platform().readers();
    let account = match shown.as_ref().and_then(|shown| shown.person) {
        Some(id) => people::one(readers, id)
            .await?
            .filter(|account| account.state == "active"),
        None => None,
    };
    if let Some(account) = &account {
        password_pages::must_be_new(&visit, account, &mut form, &typed).await?;
    } else {
        form.refuse("code", Wrong::new("wrong-code"));
    }
    let (Some(shown), Some(account)) = (shown, account.filter(|_| !form.is_wrong())) else {
        return Err(Error::Wrong(Box::new(code_page(&visit, &form))));
    };
    let kept = secrets::hash_password(typed).await?;
    let change = visit.begin(&form).await?;
    shown.take(&change, &visit).await?;
    password_pages::set(&change, &visit, account.id, &kept, "").await?;
    attempts::forget(&*change, &attempts::Subject::Account(shown.mobile)).await?;
    let done = change.lead_to("/sign-in").await?;
    Ok(done.with_cookie(code::no_cookie(&visit)))
}

async fn sent(visit: Visit) -> Markup {
    let view = visit.view();
    ui::bare(
        &visit,
        &view.say("forgotten"),
        html! {
            section.card.narrow {
                h1 { (view.say("forgotten")) }
                (ui::message(Tone::Good, &view.say(if ways(&visit).is_empty() { "forgotten-sent" } else { "forgotten-mailed" })))
                p { (ui::button_link("/sign-in", &view.say("back-to-sign-in"), false)) }
            }
        },
    )
}

fn reset_page(visit: &Visit, form: &Form, token: &str) -> Markup {
    let view = visit.view();
    ui::bare(
        visit,
        &view.say("password-new"),
        html! {
            section.card.narrow {
                h1 { (view.say("password-new")) }
                (ui::form(view, &format!("/reset/{token}"), html! {
                    (password_pages::fields(visit, form))
                    (ui::submit(&view.say("save")))
                }))
            }
        },
    )
}

async fn new_password(visit: Visit, Path(token): Path<String>) -> Result<Markup> {
    let readers = visit.platform().readers();
    let found = one_time::look(readers, Purpose::Reset, &token, visit.now_ns()).await?;
    found.filter(|found| !found.is_used).ok_or(Error::Gone)?;
    Ok(reset_page(&visit, &Form::default(), &token))
}

async fn reset(visit: Visit, Path(token): Path<String>, fields: Fields) -> Result<Done> {
    let mut form = Form::new(fields);
    let typed = password_pages::read(&mut form);
    let readers = visit.platform().readers();
    let found = one_time::look(readers, Purpose::Reset, &token, visit.now_ns()).await?;
    let id = found
        .filter(|found| !found.is_used)
        .and_then(|found| found.person)
        .ok_or(Error::Gone)?;
    let account = people::one(readers, id)
        .await?
        .filter(|account| account.state == "active")
        .ok_or(Error::Gone)?;
    if !form.is_wrong() {
        password_pages::must_be_new(&visit, &account, &mut form, &typed).await?;
    }
    if form.is_wrong() {
        return Err(Error::Wrong(Box::new(reset_page(&visit, &form, &token))));
    }
    let kept = secrets::hash_password(typed).await?;
    let change = visit.begin(&form).await?;
    one_time::take(&*change, Purpose::Reset, &token, visit.now_ns()).await?;
    password_pages::set(&change, &visit, id, &kept, "").await?;
    if let Some(mobile) = account.mobile {
        attempts::forget(&*change, &attempts::Subject::Account(mobile)).await?;
    }
    change.lead_to("/sign-in").await
}
