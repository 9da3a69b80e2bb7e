//! Codes of six digits that are sent to a mobile number: good for five minutes, for five tries, and only in the browser
//! that asked for them. Who asks learns nothing about accounts: where there is nothing to send the answer is the same.

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use database::{Connection, Sql};
use serde::{Deserialize, Serialize};

use super::one_time::{self, Purpose};
use super::{captcha_is_right, new_captcha};
use crate::clock::{DAY_NS, MINUTE_NS};
use crate::outbox::{self, Channel, Message};
use crate::people::store as people;
use crate::web::{Change, Form, Visit, Wrong};
use crate::{Error, Result, secrets, sessions};

/// The cookie of the browser that asked for a code.
const COOKIE: &str = "uptake_code";
/// Wrong codes before another one is asked for.
const TRIES: i64 = 5;
/// How many codes may be asked for within a time, of one number, from one address, at the site.
const NUMBER: [(i64, i64); 2] = [(1, MINUTE_NS), (10, DAY_NS)];
const ADDRESS: [(i64, i64); 2] = [(10, 10 * MINUTE_NS), (60, DAY_NS)];
const SITE: [(i64, i64); 1] = [(600, 60 * MINUTE_NS)];

/// What a code is for; one for one thing is none for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum For {
    Register,
    SignIn,
    Reset,
    Mobile,
}

/// What is sent when a code is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Says {
    /// The code.
    Code,
    /// To whom the number belongs, that somebody wanted it.
    Taken,
    /// Nothing.
    Nothing,
}

/// A code that was asked for, as it is kept: encrypted.
#[derive(Serialize, Deserialize)]
struct Kept {
    what: For,
    mobile: String,
    /// None where nothing was sent that could be typed.
    code: Option<String>,
}

/// Whoever typed the right code.
#[derive(Debug)]
pub(crate) struct Shown {
    /// The number that it was sent to.
    pub(crate) mobile: String,
    /// The account, where one asked for it.
    pub(crate) person: Option<i64>,
    token: String,
}

impl Shown {
    /// Uses the code up, in the change that it was asked for.
    pub(crate) async fn take(&self, change: &Change, visit: &Visit) -> Result<()> {
        one_time::take(&**change, Purpose::Code, &self.token, visit.now_ns()).await?;
        Ok(())
    }
}

/// The captcha of a page that asks for a code: at an address that nobody has signed in from.
pub(crate) async fn captcha_of(visit: &Visit) -> Result<Option<String>> {
    let readers = visit.platform().readers();
    match people::is_address_known(readers, &visit.address().to_string()).await? {
        true => Ok(None),
        false => Ok(Some(new_captcha(visit).await?)),
    }
}

/// Refuses a form whose captcha was not read right, where there is one.
pub(crate) async fn check_captcha(visit: &Visit, form: &mut Form) -> Result<()> {
    let readers = visit.platform().readers();
    if people::is_address_known(readers, &visit.address().to_string()).await? {
        return Ok(());
    }
    if !form.is_wrong() && !captcha_is_right(visit, form).await? {
        form.refuse("captcha", Wrong::new("wrong-captcha"));
    }
    Ok(())
}

/// Refuses a form that asks for more codes than may be asked for; says so of the number, whether anybody has it or not.
pub(crate) async fn check_limits(visit: &Visit, form: &mut Form, mobile: &str) -> Result<()> {
    if form.is_wrong() {
        return Ok(());
    }
    if let Some(key) = exceeded(visit.platform().readers(), visit, mobile).await? {
        form.refuse("mobile", Wrong::new(key));
    }
    Ok(())
}

/// Which limit one more code would exceed: the key of a sentence.
async fn exceeded(connection: &impl Connection, visit: &Visit, mobile: &str) -> Result<Option<&'static str>> {
    for (subject, limits) in subjects(visit, mobile) {
        for (most, within_ns) in limits {
            let mut sql = Sql::new("SELECT COUNT(*) FROM codes_asked WHERE subject = ");
            sql.bind(subject.as_str())
                .push(" AND at_ns > ")
                .bind(visit.now_ns() - within_ns);
            let row = sql.one(connection).await?.ok_or(Error::Internal)?;
            if row.get::<i64>(0)? >= *most {
                return Ok(Some(match *within_ns {
                    MINUTE_NS => "wrong-code-minute",
                    _ => "wrong-code-often",
                }));
            }
        }
    }
    Ok(None)
}

type Limits = &'static [(i64, i64)];

fn subjects(visit: &Visit, mobile: &str) -> [(String, Limits); 3] {
    [
        // Numbers of people are not kept as they are typed.
        (format!("number {}", secrets::kept(mobile)), &NUMBER),
        (format!("address {}", visit.address()), &ADDRESS),
        ("site".to_owned(), &SITE),
    ]
}

/// Sends a code, or what else is to be said; gives the cookie by which the browser is known that asked.
pub(crate) async fn ask(
    change: &Change,
    visit: &Visit,
    what: For,
    mobile: &str,
    person: Option<i64>,
    says: Says,
) -> Result<String> {
    let now_ns = visit.now_ns();
    // Forms that come at the same time have each seen none of the others.
    if exceeded(&**change, visit, mobile).await?.is_some() {
        return Err(Error::TooMany(60));
    }
    for (subject, _) in subjects(visit, mobile) {
        let mut sql = Sql::new("INSERT INTO codes_asked (subject, at_ns) VALUES (");
        sql.bind(subject).push(", ").bind(now_ns).push(")");
        sql.run(&**change).await?;
    }
    let digits = secrets::digits(6)?;
    let kept = Kept {
        what,
        mobile: mobile.to_owned(),
        code: (says == Says::Code).then(|| digits.clone()),
    };
    let plain = serde_json::to_vec(&kept).map_err(|_| Error::internal("a code cannot be written"))?;
    let content = URL_SAFE_NO_PAD.encode(visit.platform().key().encrypt(&plain, "code")?);
    let token = one_time::make(&**change, Purpose::Code, person, &content, now_ns).await?;
    let message = |template, arguments| Message {
        channel: Channel::Sms,
        person,
        to: mobile.to_owned(),
        template,
        arguments,
        organisation: None,
        key: format!("code {}", secrets::kept(&token)),
        at_ns: None,
        language: visit.view().language,
    };
    let platform = visit.platform();
    match says {
        Says::Code => {
            let arguments = [("code", digits.as_str()), ("minutes", "5")];
            outbox::send(platform, &**change, &message("code", &arguments)).await?;
        }
        Says::Taken => outbox::send(platform, &**change, &message("mobile-taken", &[])).await?,
        Says::Nothing => {}
    }
    Ok(visit.cookie(COOKIE, &token, "/", 300))
}

/// The cookie that takes a code's away.
pub(crate) fn no_cookie(visit: &Visit) -> String {
    visit.cookie(COOKIE, "", "/", 0)
}

/// Whether a browser has asked for a code that may still be typed.
pub(crate) async fn is_asked(visit: &Visit, headers: &HeaderMap) -> Result<bool> {
    let Some(token) = sessions::cookie(headers, COOKIE) else {
        return Ok(false);
    };
    let found = one_time::look(visit.platform().readers(), Purpose::Code, token, visit.now_ns()).await?;
    Ok(found.is_some_and(|found| !found.is_used && found.tries < TRIES))
}

/// Reads the code of a form; every look at one counts, before it is compared. A form that is wrong otherwise costs no try.
pub(crate) async fn check(
    visit: &Visit,
    headers: &HeaderMap,
    form: &mut Form,
    what: For,
) -> Result<Option<Shown>> {
    let typed: String = form
        .line("code", 12)
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect();
    if form.is_wrong() {
        return Ok(None);
    }
    let shown = compare(visit, headers, &typed, what).await?;
    if shown.is_none() {
        form.refuse("code", Wrong::new("wrong-code"));
    }
    Ok(shown)
}

async fn compare(visit: &Visit, headers: &HeaderMap, typed: &str, what: For) -> Result<Option<Shown>> {
    let Some(token) = sessions::cookie(headers, COOKIE) else {
        return Ok(None);
    };
    let change = visit.begin(&Form::default()).await?;
    let found = one_time::look(&*change, Purpose::Code, token, visit.now_ns()).await?;
    let Some(found) = found.filter(|found| !found.is_used && found.tries < TRIES) else {
        return Ok(None);
    };
    one_time::tried(&*change, token).await?;
    change.commit().await?;
    let sealed = URL_SAFE_NO_PAD
        .decode(&found.content)
        .map_err(|_| Error::Internal)?;
    let plain = visit.platform().key().decrypt(&sealed, "code")?;
    let kept: Kept = serde_json::from_slice(&plain).map_err(|_| Error::Internal)?;
    // Six characters that nobody types where nothing was sent: it takes as long.
    let code = kept.code.as_deref().unwrap_or("------");
    let is_right = is_same(code, typed) & kept.code.is_some() & (kept.what == what);
    Ok(is_right.then(|| Shown {
        mobile: kept.mobile,
        person: found.person,
        token: token.to_owned(),
    }))
}

/// Compares in a time that tells nothing of where two texts differ.
fn is_same(one: &str, other: &str) -> bool {
    let pairs = one.bytes().zip(other.bytes());
    one.len() == other.len() && pairs.fold(0, |differing, (one, other)| differing | (one ^ other)) == 0
}
