//! Mail by a server (SMTP: RFC 5321; STARTTLS: RFC 3207; submission over TLS: RFC 8314). It knows no keys under which a
//! message is sent once.

use std::time::Duration;

use database::schema::Boxed;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};

use super::{Letter, Provider};
use crate::jobs::Failure;
use crate::secrets;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// How the connection to a server of mail is kept secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// From its first byte.
    Tls,
    /// After asking for it; without it nothing is sent.
    StartTls,
    /// Not at all: for a relay on this machine.
    Plain,
}

/// A site's account with a server of mail.
#[derive(Clone)]
pub struct Mail {
    /// The server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is kept secret.
    pub security: Security,
    /// Name and password, where it asks for them.
    pub account: Option<(String, String)>,
    /// The address that messages come from.
    pub from: String,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "mail by {}:{} {:?}", self.host, self.port, self.security)
    }
}

/// Sends by a server of mail.
#[derive(Debug)]
pub(super) struct Server {
    from: Mailbox,
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

impl Server {
    pub(super) fn new(account: Mail) -> anyhow::Result<Self> {
        // The first to come decides for the process; ring is the only provider that is linked.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let tls = match account.security {
            Security::Plain => Tls::None,
            Security::Tls => Tls::Wrapper(TlsParameters::new(account.host.clone())?),
            Security::StartTls => Tls::Required(TlsParameters::new(account.host.clone())?),
        };
        let from: Address = account.from.parse()?;
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(account.host)
            .port(account.port)
            .hello_name(ClientId::Domain(from.domain().to_owned()))
            .timeout(Some(PATIENCE))
            .tls(tls);
        if let Some((name, password)) = account.account {
            builder = builder.credentials(Credentials::new(name, password));
        }
        Ok(Self {
            from: Mailbox::new(Some("Uptake".to_owned()), from),
            transport: builder.build(),
        })
    }
}

impl Provider for Server {
    fn name(&self) -> &'static str {
        "mail"
    }

    fn takes(&self, _: &str) -> bool {
        true
    }

    /// Connects and signs in, so that what goes wrong there is known to have sent nothing.
    fn ready(&self, _: i64) -> Boxed<'_, Result<String, Failure>> {
        Box::pin(async move {
            match self.transport.test_connection().await {
                Ok(true) => Ok(String::new()),
                Ok(false) => Err(Failure::Later("not ready".to_owned())),
                Err(error) => match status(&error) {
                    Some(code) => Err(Failure::Later(format!("smtp.{code}"))),
                    None => Err(Failure::Later("no connection".to_owned())),
                },
            }
        })
    }

    fn send<'a>(&'a self, letter: &'a Letter, _: &'a str, now_ns: i64) -> Boxed<'a, Result<String, Failure>> {
        Box::pin(async move {
            let wrong = |_| Failure::Never("address".to_owned());
            let to: Address = letter.to.parse().map_err(wrong)?;
            let number = format!(
                "{}@{}",
                &secrets::kept(&letter.key)[..32],
                self.from.email.domain()
            );
            let message = Message::builder()
                .from(self.from.clone())
                .to(Mailbox::new(None, to))
                .date(std::time::UNIX_EPOCH + Duration::from_nanos(now_ns.unsigned_abs()))
                .message_id(Some(format!("<{number}>")))
                .subject(&letter.subject)
                .header(ContentType::TEXT_PLAIN)
                .body(letter.text.clone())
                .map_err(|_| Failure::Never("message".to_owned()))?;
            match self.transport.send(message).await {
                Ok(_) => Ok(number),
                Err(error) if error.is_transient() => Err(Failure::Later(refused(&error))),
                Err(error) if error.is_permanent() => Err(Failure::Never(refused(&error))),
                Err(error) if error.is_tls() => Err(Failure::Later("tls".to_owned())),
                Err(_) => Err(Failure::NoAnswer("no answer".to_owned())),
            }
        })
    }
}

fn status(error: &lettre::transport::smtp::Error) -> Option<String> {
    error.status().map(|code| code.to_string())
}

/// The number of a refusal; its words may name the address.
fn refused(error: &lettre::transport::smtp::Error) -> String {
    format!("smtp.{}", status(error).unwrap_or_default())
}
