//! Links and codes that are good once.

use database::{Connection, Sql};

use crate::clock::MINUTE_NS;
use crate::{Error, Result, secrets};

/// What a link or a code is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The characters of a captcha.
    Captcha,
    /// A forgotten password.
    Reset,
    /// An account of the platform's own administrators.
    SetUp,
    /// A code sent to a mobile number.
    Code,
    /// The password was right; the second factor is still to come.
    SecondFactor,
    /// A signature that is drawn on a phone.
    PhoneSignature,
    /// A sign-in that is confirmed on a phone.
    PhoneSignIn,
    /// A passkey is being made.
    Passkey,
    /// WeChat is asked who scanned.
    WeChat,
    /// Whoever scanned confirms.
    WeChatConfirm,
    /// A code that binds a WeChat.
    WeChatBind,
    /// A link that shows that an address of e-mail is the person's.
    Email,
}

impl Purpose {
    fn word(self) -> &'static str {
        match self {
            Self::Captcha => "captcha",
            Self::Reset => "reset",
            Self::SetUp => "set-up",
            Self::Code => "code",
            Self::SecondFactor => "second-factor",
            Self::PhoneSignature => "phone-signature",
            Self::PhoneSignIn => "phone-sign-in",
            Self::Passkey => "passkey",
            Self::WeChat => "wechat",
            Self::WeChatConfirm => "wechat-confirm",
            Self::WeChatBind => "wechat-bind",
            Self::Email => "email",
        }
    }

    fn lasts_ns(self) -> i64 {
        let minutes = match self {
            Self::Captcha
            | Self::SecondFactor
            | Self::PhoneSignature
            | Self::Passkey
            | Self::WeChat
            | Self::WeChatConfirm
            | Self::WeChatBind => 10,
            Self::PhoneSignIn => 3,
            Self::Code => 5,
            Self::Email => 24 * 60,
            Self::Reset => 30,
            Self::SetUp => 7 * 24 * 60,
        };
        minutes * MINUTE_NS
    }
}

/// A link or a code as it is kept.
#[derive(Debug, Clone)]
pub struct OneTime {
    /// Whose it is.
    pub person: Option<i64>,
    /// What it is about, as JSON.
    pub content: String,
    /// How often it was tried.
    pub tries: i64,
    /// Whether it was used.
    pub is_used: bool,
}

/// Makes one; gives its token, which is kept nowhere else.
///
/// # Errors
///
/// The database's.
pub async fn make(
    connection: &impl Connection,
    purpose: Purpose,
    person: Option<i64>,
    content: &str,
    now_ns: i64,
) -> Result<String> {
    let token = secrets::token()?;
    let mut sql = Sql::new(
        "INSERT INTO one_time (token, purpose, person, content, created_ns, expires_ns, tries) VALUES (",
    );
    sql.bind_all([secrets::kept(&token).as_str(), purpose.word()])
        .push(", ");
    sql.bind(person).push(", ").bind(content).push(", ");
    sql.bind_all([now_ns, now_ns + purpose.lasts_ns()]).push(", 0)");
    sql.run(connection).await?;
    Ok(token)
}

/// Looks at one without using it up; `None` where there is none, or it is too old.
///
/// # Errors
///
/// The database's.
pub async fn look(
    connection: &impl Connection,
    purpose: Purpose,
    token: &str,
    now_ns: i64,
) -> Result<Option<OneTime>> {
    let mut sql = Sql::new("SELECT person, content, tries, used_ns FROM one_time WHERE token = ");
    sql.bind(secrets::kept(token))
        .push(" AND purpose = ")
        .bind(purpose.word());
    sql.push(" AND expires_ns > ").bind(now_ns);
    let Some(row) = sql.one(connection).await? else {
        return Ok(None);
    };
    Ok(Some(OneTime {
        person: row.get(0)?,
        content: row.get(1)?,
        tries: row.get(2)?,
        is_used: row.get::<Option<i64>>(3)?.is_some(),
    }))
}

/// Uses one up.
///
/// # Errors
///
/// [`Error::Gone`] where there is none, it was used or is too old.
pub async fn take(
    connection: &impl Connection,
    purpose: Purpose,
    token: &str,
    now_ns: i64,
) -> Result<OneTime> {
    let found = look(connection, purpose, token, now_ns).await?;
    let found = found.filter(|found| !found.is_used).ok_or(Error::Gone)?;
    let mut sql = Sql::new("UPDATE one_time SET used_ns = ");
    sql.bind(now_ns)
        .push(" WHERE token = ")
        .bind(secrets::kept(token));
    sql.run(connection).await?;
    Ok(found)
}

/// Counts a try that was wrong.
///
/// # Errors
///
/// The database's.
pub async fn tried(connection: &impl Connection, token: &str) -> Result<()> {
    let mut sql = Sql::new("UPDATE one_time SET tries = tries + 1 WHERE token = ");
    sql.bind(secrets::kept(token)).run(connection).await?;
    Ok(())
}

/// Ends those of a person and a purpose that are still good.
///
/// # Errors
///
/// The database's.
pub async fn end_others(
    connection: &impl Connection,
    purpose: Purpose,
    person: i64,
    now_ns: i64,
) -> Result<()> {
    let mut sql = Sql::new("UPDATE one_time SET used_ns = ");
    sql.bind(now_ns)
        .push(" WHERE used_ns IS NULL AND person = ")
        .bind(person);
    sql.push(" AND purpose = ").bind(purpose.word());
    sql.run(connection).await?;
    Ok(())
}

/// Changes what one is about.
///
/// # Errors
///
/// The database's.
pub async fn set_content(connection: &impl Connection, token: &str, content: &str) -> Result<()> {
    let mut sql = Sql::new("UPDATE one_time SET content = ");
    sql.bind(content)
        .push(" WHERE token = ")
        .bind(secrets::kept(token));
    sql.run(connection).await?;
    Ok(())
}
