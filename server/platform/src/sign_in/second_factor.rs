//! The second factor: codes of six digits from an authenticator (RFC 6238), set up once, asked for at each sign-in after.
//!
//! A passkey ([`super::passkeys`]) does as well as a code. The secret is kept encrypted with the site's key; a code is taken once. Between password and code stands a cookie of ten
//! minutes that is no session.

use axum::Router;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use database::{Connection, Sql};
use maud::{Markup, html};
use serde::{Deserialize, Serialize};
use totp_rs::{Builder, Secret, Totp};

use super::attempts::{self, Subject};
use super::begin::{self, Way};
use super::one_time::{self, Purpose};
use super::passkeys::{self, Challenge};
use crate::clock::SECOND_NS;
use crate::people::store::{self as people, Account};
use crate::permissions::{Action, Resource};
use crate::sessions::{self, store as session_store};
use crate::ui::{self, Tone};
use crate::web::{Change, Done, Fields, Form, Visit, Wrong};
use crate::{Error, Platform, Result, secrets};

/// The cookie between password and code.
const COOKIE: &str = "uptake_second_factor";
/// Wrong codes before the password is asked for again.
const TRIES: i64 = 5;

pub(super) fn router() -> Router<Platform> {
    Router::new()
        .route("/second-factor", get(set_up).post(confirm))
        .route("/sign-in/code", get(ask).post(answer))
        .route("/sign-in/passkey", post(answer_passkey))
}

/// What is remembered between password and second factor.
#[derive(Serialize, Deserialize)]
struct Between {
    is_remembered: bool,
    family: Option<String>,
    to: String,
    /// What a passkey has to answer, once.
    #[serde(default)]
    challenge: Option<Challenge>,
}

/// A sign-in whose password was right.
struct Step {
    token: String,
    account: Account,
    between: Between,
}

/// Whether a second factor is asked for: the person has one.
///
/// # Errors
///
/// The database's.
pub(crate) async fn is_due(connection: &impl Connection, account: &Account) -> Result<bool> {
    Ok(account.totp.is_some() || passkeys::has_any(connection, account.id).await?)
}

/// Sends a browser that has shown a password to the page that asks for the second factor.
pub(super) async fn ask_for(change: Change, visit: &Visit, account: &Account, way: &Way) -> Result<Done> {
    let between = Between {
        is_remembered: way.is_remembered,
        family: way.family.clone(),
        to: way.to.clone(),
        challenge: None,
    };
    let content = written(&between)?;
    let token = one_time::make(
        &*change,
        Purpose::SecondFactor,
        Some(account.id),
        &content,
        visit.now_ns(),
    )
    .await?;
    change.commit().await?;
    let cookie = visit.cookie(COOKIE, &token, "/sign-in", 600);
    Ok(Done::to("/sign-in/code").with_cookie(cookie))
}

fn written(between: &Between) -> Result<String> {
    serde_json::to_string(between).map_err(|_| Error::internal("a sign-in cannot be written"))
}

/// The sign-in that a browser's cookie names; `None` where it is over.
async fn step(visit: &Visit, connection: &impl Connection, headers: &HeaderMap) -> Result<Option<Step>> {
    let Some(token) = sessions::cookie(headers, COOKIE) else {
        return Ok(None);
    };
    let found = one_time::look(connection, Purpose::SecondFactor, token, visit.now_ns()).await?;
    let Some(found) = found.filter(|found| !found.is_used && found.tries < TRIES) else {
        return Ok(None);
    };
    let account = people::one(connection, found.person.ok_or(Error::Gone)?).await?;
    let account = account
        .filter(|account| account.state == "active")
        .ok_or(Error::Gone)?;
    Ok(Some(Step {
        token: token.to_owned(),
        account,
        between: serde_json::from_str(&found.content).map_err(|_| Error::Gone)?,
    }))
}

async fn ask(visit: Visit, headers: HeaderMap) -> Result<Response> {
    let change = visit.begin(&Form::default()).await?;
    let Some(step) = step(&visit, &*change, &headers).await? else {
        return Ok(Done::to("/sign-in").into_response());
    };
    let page = page(&visit, &change, &Form::default(), step).await?;
    change.commit().await?;
    Ok(page.into_response())
}

/// The page that asks for what the account has, with a new challenge for its passkeys.
async fn page(visit: &Visit, change: &Change, form: &Form, mut step: Step) -> Result<Markup> {
    let offered = passkeys::offer(visit, &**change, step.account.id).await?;
    let (challenge, options) = offered.unzip();
    step.between.challenge = challenge;
    one_time::set_content(&**change, &step.token, &written(&step.between)?).await?;
    let view = visit.view();
    let has_codes = step.account.totp.is_some();
    Ok(ui::bare(
        visit,
        &view.say("second-factor"),
        html! {
            section.card.narrow.sign-in {
                h1 { (view.say("second-factor")) }
                @if let Some(wrong) = form.wrong("credential") { (ui::message(Tone::Bad, &wrong.say(view.language))) }
                @match &options {
                    Some(options) => (passkeys::ask(visit, options)),
                    None => { @if !has_codes { (ui::message(Tone::Attention, &view.say("passkey-insecure"))) } },
                }
                @if has_codes {
                    p.quiet { (view.say("second-factor-ask")) }
                    (ui::form(view, "/sign-in/code", html! {
                        (ui::line(view, form, "code", &view.say("code"), "text", "one-time-code"))
                        (ui::submit(&view.say("sign-in")))
                    }))
                }
                p.links { a href="/sign-in" { (view.say("back-to-sign-in")) } }
            }
        },
    ))
}

async fn answer(visit: Visit, headers: HeaderMap, fields: Fields) -> Result<Response> {
    let mut form = Form::new(fields);
    let code = form.line("code", 20);
    let change = visit.begin(&form).await?;
    let Some(step) = step(&visit, &*change, &headers).await? else {
        return Ok(Done::to("/sign-in").into_response());
    };
    if form.is_wrong() {
        let page = page(&visit, &change, &form, step).await?;
        change.commit().await?;
        return Err(Error::Wrong(Box::new(page)));
    }
    if !takes(&change, visit.platform(), &step.account, &code, visit.now_ns()).await? {
        form.refuse("code", Wrong::new("wrong-code"));
        return failed(&visit, change, &form, step, None).await;
    }
    finish(change, &visit, &headers, step).await
}

async fn answer_passkey(visit: Visit, headers: HeaderMap, fields: Fields) -> Result<Response> {
    let mut form = Form::new(fields);
    let change = visit.begin(&form).await?;
    let Some(mut step) = step(&visit, &*change, &headers).await? else {
        return Ok(Done::to("/sign-in").into_response());
    };
    // A challenge is used up by its answer, right or wrong.
    let answered = match step.between.challenge.take() {
        Some(challenge) => {
            passkeys::is_answer(
                &visit,
                &*change,
                step.account.id,
                &challenge,
                form.typed("credential"),
            )
            .await?
        }
        None => Err("challenge"),
    };
    if let Err(why) = answered {
        form.refuse("credential", Wrong::new("passkey-refused"));
        return failed(&visit, change, &form, step, Some(why)).await;
    }
    finish(change, &visit, &headers, step).await
}

/// Counts a second factor that was wrong, and asks again.
async fn failed(
    visit: &Visit,
    change: Change,
    form: &Form,
    step: Step,
    why: Option<&str>,
) -> Result<Response> {
    one_time::tried(&*change, &step.token).await?;
    let subject = Subject::Account(step.account.mobile.clone().unwrap_or_default());
    attempts::failed(&*change, &subject, visit.now_ns()).await?;
    let mut entry = visit.entry("session.failed");
    entry.subject = Some(format!("person:{}", step.account.id));
    entry.detail = why.map(|why| serde_json::json!({ "passkey": why }).to_string());
    change.record(entry).await?;
    let page = page(visit, &change, form, step).await?;
    change.commit().await?;
    Err(Error::Wrong(Box::new(page)))
}

/// The second factor was right too.
async fn finish(change: Change, visit: &Visit, headers: &HeaderMap, step: Step) -> Result<Response> {
    let Step {
        token,
        account,
        between,
    } = step;
    one_time::take(&*change, Purpose::SecondFactor, &token, visit.now_ns()).await?;
    // Failures are forgotten now, not when the password was right: whoever has the password guesses no codes for ever.
    attempts::forget(
        &*change,
        &Subject::Account(account.mobile.clone().unwrap_or_default()),
    )
    .await?;
    let way = Way {
        has_second_factor: true,
        is_remembered: between.is_remembered,
        family: between.family,
        to: between.to,
    };
    Ok(begin::session(change, visit, headers, &account, &way)
        .await?
        .into_response())
}

/// Whether a code is the account's, now, for the first time.
async fn takes(
    change: &Change,
    platform: &Platform,
    account: &Account,
    code: &str,
    now_ns: i64,
) -> Result<bool> {
    let Some(sealed) = &account.totp else {
        return Ok(false);
    };
    let secret = platform.key().decrypt(sealed, &purpose(account.id))?;
    let Some(step) = step_of(&secret, code, now_ns)? else {
        return Ok(false);
    };
    use_step(&**change, account.id, step).await
}

/// Marks a time step as used; `false` where its code, or a later one, was used before.
async fn use_step(connection: &impl Connection, account: i64, step: i64) -> Result<bool> {
    let mut sql = Sql::new("UPDATE people SET totp_step = ");
    sql.bind(step)
        .push(" WHERE totp_step < ")
        .bind(step)
        .push(" AND id = ")
        .bind(account);
    Ok(sql.run(connection).await? == 1)
}

fn purpose(account: i64) -> String {
    format!("totp {account}")
}

fn totp(secret: &[u8]) -> Result<Totp> {
    let builder = Builder::new().with_secret(Secret::from(secret.to_vec()));
    builder
        .build()
        .map_err(|_| Error::internal("a secret of the second factor is too short"))
}

/// The time step that a code is of: now, or thirty seconds before or after.
fn step_of(secret: &[u8], code: &str, now_ns: i64) -> Result<Option<i64>> {
    let digits: String = code.chars().filter(char::is_ascii_digit).collect();
    let seconds = u64::try_from(now_ns / SECOND_NS).unwrap_or(0);
    let step = totp(secret)?.check(&digits, seconds);
    Ok(step.and_then(|step| i64::try_from(step).ok()))
}

/// What an authenticator reads from the QR code.
fn address(secret: &[u8], account: &str) -> Result<String> {
    let label: String = form_urlencoded::byte_serialize(account.as_bytes()).collect();
    let secret = Secret::from(secret.to_vec()).to_base32();
    Ok(format!(
        "otpauth://totp/Uptake:{label}?secret={secret}&issuer=Uptake&algorithm=SHA1&digits=6&period=30"
    ))
}

async fn set_up(visit: Visit) -> Result<Markup> {
    let account = visit.person()?.account();
    visit
        .may(Action::SecurityEdit, Resource::Account(account))
        .await?;
    let signed = visit.person()?;
    let view = visit.view();
    if signed.has_totp {
        let words = if signed.permitted().has_second_factor {
            "second-factor-is-set"
        } else {
            "second-factor-sign-in-again"
        };
        return Ok(ui::page(
            &visit,
            &view.say("second-factor"),
            html! {
                section.card.narrow {
                    h1 { (view.say("second-factor")) }
                    (ui::message(Tone::Good, &view.say(words)))
                    (passkeys::link(&visit)?)
                    p { (ui::button_link("/security", &view.say("security"), false)) }
                }
            },
        ));
    }
    let secret = secrets::random::<20>()?;
    let sealed = visit.platform().key().encrypt(&secret, &purpose(account))?;
    set_up_page(&visit, &Form::default(), &secret, &secrets::hex(&sealed))
}

fn set_up_page(visit: &Visit, form: &Form, secret: &[u8], sealed: &str) -> Result<Markup> {
    let view = visit.view();
    let name = visit.person()?.name().to_owned();
    let picture = qr_code(&address(secret, &name)?)?;
    let typed = Secret::from(secret.to_vec()).to_base32();
    Ok(ui::page(
        visit,
        &view.say("second-factor"),
        html! {
            section.card.narrow {
                h1 { (view.say("second-factor")) }
                p { (view.say("second-factor-why")) }
                ol {
                    li { (view.say("second-factor-step-app")) }
                    li { (view.say("second-factor-step-scan")) (ui::drawn(picture)) p.quiet { code { (typed) } } }
                    li { (view.say("second-factor-step-code")) }
                }
                (ui::form(view, "/second-factor", html! {
                    (ui::hidden("sealed", sealed))
                    (ui::line(view, form, "code", &view.say("code"), "text", "one-time-code"))
                    (ui::submit(&view.say("second-factor-set-up")))
                }))
                (passkeys::link(visit)?)
            }
        },
    ))
}

async fn confirm(visit: Visit, fields: Fields) -> Result<Done> {
    let account = visit.person()?.account();
    visit
        .may(Action::SecurityEdit, Resource::Account(account))
        .await?;
    if visit.person()?.has_totp {
        return Err(Error::Conflict("conflict-second-factor"));
    }
    let has_passkey = passkeys::has_any(visit.platform().readers(), account).await?;
    if has_passkey && !visit.person()?.permitted().has_second_factor {
        return Err(Error::Conflict("conflict-show-second-factor"));
    }
    let mut form = Form::new(fields);
    let code = form.line("code", 20);
    let sealed_text = form.typed("sealed").to_owned();
    let sealed = journal::from_hex(&sealed_text)
        .ok_or_else(|| Error::BadRequest("expected the secret of this page".to_owned()))?;
    let secret = visit
        .platform()
        .key()
        .decrypt(&sealed, &purpose(account))
        .map_err(|_| Error::Gone)?;
    let step = step_of(&secret, &code, visit.now_ns())?;
    let Some(step) = step.filter(|_| !form.is_wrong()) else {
        form.refuse("code", Wrong::new("wrong-code"));
        return Err(Error::Wrong(Box::new(set_up_page(
            &visit,
            &form,
            &secret,
            &sealed_text,
        )?)));
    };
    let change = visit.begin(&form).await?;
    people::set_totp(&*change, account, Some(sealed)).await?;
    use_step(&*change, account, step).await?;
    session_store::shown_second_factor(&*change, &visit.person()?.session, visit.now_ns()).await?;
    change.record(visit.entry("account.second-factor-set")).await?;
    change.lead_to("/").await
}

/// A QR code as SVG.
pub(crate) fn qr_code(text: &str) -> Result<String> {
    let code = qrcode::QrCode::new(text.as_bytes()).map_err(|_| Error::internal("too much for a QR code"))?;
    let drawn = code
        .render::<qrcode::render::svg::Color<'_>>()
        .min_dimensions(200, 200)
        .build();
    // The declaration of an SVG file has no place within a page.
    let begins = drawn.find("<svg").unwrap_or(0);
    Ok(drawn[begins..].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_rfc_6238() {
        // Appendix B, SHA-1; the last six of its eight digits.
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
        ] {
            let step = step_of(b"12345678901234567890", code, seconds * SECOND_NS).unwrap();
            assert_eq!(step, Some(seconds / 30), "{seconds}");
            let late = step_of(b"12345678901234567890", code, (seconds + 90) * SECOND_NS).unwrap();
            assert_eq!(late, None, "{seconds}");
        }
    }
}
