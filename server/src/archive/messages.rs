//! The ways to send messages, as the settings name them: checked when the server starts, with secrets from their files.

use std::path::Path;

use anyhow::{Context, bail, ensure};
use platform::outbox::TEMPLATES;
use platform::outbox::providers::{self, Security, Service};
use platform::{push, settings};

use crate::config::{Mail, MailSecurity, Push, Sms, SmsService, SmsTemplate};

/// A secret from its file.
///
/// # Errors
///
/// A file that cannot be read, or is empty.
pub(super) fn secret(setting: &str, path: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(path);
    let text = text.with_context(|| format!("cannot read the file of {setting}, {}", path.display()))?;
    let text = text.trim().to_owned();
    ensure!(
        !text.is_empty(),
        "{setting}: expected a secret in {}, found nothing",
        path.display()
    );
    Ok(text)
}

/// The account with a provider of SMS.
///
/// # Errors
///
/// The first setting that cannot be meant.
pub(super) fn sms(account: &Sms) -> anyhow::Result<providers::Sms> {
    let (service, url) = match account.provider {
        SmsService::Aliyun => (Service::Aliyun, "https://dysmsapi.aliyuncs.com"),
        SmsService::Tencent => (Service::Tencent, "https://sms.tencentcloudapi.com"),
    };
    for (name, value) in [("key_id", &account.key_id), ("sign_name", &account.sign_name)] {
        ensure!(
            !value.trim().is_empty(),
            "site.sms.{name}: expected a value, found none"
        );
    }
    ensure!(
        service == Service::Aliyun || account.app_id.is_some(),
        "site.sms.app_id: expected the number of the application (SmsSdkAppId), found none"
    );
    let url = account.api_url.as_deref().unwrap_or(url).trim_end_matches('/');
    is_private_or_secure("site.sms.api_url", url)?;
    let templates = account.templates.iter();
    Ok(providers::Sms {
        service,
        key_id: account.key_id.clone(),
        secret: secret("site.sms.secret_file", &account.secret_file)?,
        sign_name: account.sign_name.clone(),
        app_id: account.app_id.clone().unwrap_or_default(),
        region: account
            .region
            .clone()
            .unwrap_or_else(|| "ap-guangzhou".to_owned()),
        url: url.to_owned(),
        templates: templates
            .map(|(word, one)| Ok((word.clone(), template(word, one)?)))
            .collect::<anyhow::Result<_>>()?,
    })
}

/// A key goes over an encrypted connection, or stays on this machine.
fn is_private_or_secure(setting: &str, url: &str) -> anyhow::Result<()> {
    let is_here = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
    ensure!(
        url.starts_with("https://") || is_here.iter().any(|begins| url.starts_with(begins)),
        "{setting}: expected an address as https://sms.example, found {url:?}"
    );
    Ok(())
}

fn template(word: &str, one: &SmsTemplate) -> anyhow::Result<providers::SmsTemplate> {
    let Some(known) = TEMPLATES.iter().find(|known| known.word == word) else {
        let words: Vec<&str> = TEMPLATES.iter().map(|known| known.word).collect();
        bail!(
            "site.sms.templates: expected one of {}, found {word:?}",
            words.join(", ")
        );
    };
    ensure!(
        !one.code.trim().is_empty(),
        "site.sms.templates.{word}.code: expected the provider's code of the template, found none"
    );
    let parameter = |text: &String| {
        let (ours, theirs) = text.split_once(':').unwrap_or((text, text));
        ensure!(
            known.arguments.contains(&ours) && !theirs.is_empty(),
            "site.sms.templates.{word}.parameters: expected some of {:?}, found {text:?}",
            known.arguments
        );
        Ok((ours.to_owned(), theirs.to_owned()))
    };
    Ok(providers::SmsTemplate {
        code: one.code.clone(),
        parameters: one
            .parameters
            .iter()
            .map(parameter)
            .collect::<anyhow::Result<_>>()?,
    })
}

/// The account with a server of mail.
///
/// # Errors
///
/// The first setting that cannot be meant.
pub(super) fn mail(account: &Mail) -> anyhow::Result<providers::Mail> {
    let (security, port) = match account.security {
        MailSecurity::Tls => (Security::Tls, 465),
        MailSecurity::StartTls => (Security::StartTls, 587),
        MailSecurity::None => (Security::Plain, 25),
    };
    ensure!(
        !account.host.trim().is_empty(),
        "site.mail.host: expected a server, found none"
    );
    let is_address = account.from.split_once('@').is_some_and(|(local, host)| {
        !local.is_empty() && host.contains('.') && account.from.is_ascii() && !account.from.contains(' ')
    });
    ensure!(
        is_address,
        "site.mail.from: expected an address as uptake@hospital.example, found {:?}",
        account.from
    );
    let is_here = ["localhost", "127.0.0.1", "::1"].contains(&account.host.as_str());
    ensure!(
        security != Security::Plain || is_here,
        "site.mail.security: expected tls or starttls for {:?}; none is for a relay on this machine only",
        account.host
    );
    let known = match (&account.user, &account.password_file) {
        (None, None) => None,
        (Some(user), Some(path)) => Some((user.clone(), secret("site.mail.password_file", path)?)),
        (Some(_), None) => {
            bail!("site.mail.password_file: expected the file of the password of site.mail.user, found none")
        }
        (None, Some(_)) => {
            bail!("site.mail.user: expected whose password site.mail.password_file holds, found none")
        }
    };
    Ok(providers::Mail {
        host: account.host.clone(),
        port: account.port.unwrap_or(port),
        security,
        account: known,
        from: account.from.clone(),
    })
}

/// How browsers are reached that have no page open; none where the site sends them nothing.
///
/// # Errors
///
/// The first setting that cannot be meant.
pub(super) fn push(chosen: &Push, public_url: Option<&str>) -> anyhow::Result<Option<settings::Push>> {
    let service = |text: &String| {
        push::Service::from_text(text).with_context(|| {
            format!(
                "site.push.services: expected a host as push.example.cn or *.push.example.cn, found {text:?}"
            )
        })
    };
    let services = chosen
        .services
        .iter()
        .map(service)
        .collect::<anyhow::Result<_>>()?;
    if let Some(contact) = &chosen.contact {
        let is_one = ["mailto:", "https://"].iter().any(|begins| {
            let rest = contact.strip_prefix(begins).unwrap_or_default();
            !rest.is_empty() && rest.is_ascii() && !rest.contains([' ', '"'])
        });
        ensure!(
            is_one,
            "site.push.contact: expected an address as mailto:it@hospital.example, found {contact:?}"
        );
    }
    if let Some(proxy) = &chosen.proxy {
        let host = ["http://", "https://"]
            .iter()
            .find_map(|begins| proxy.strip_prefix(begins));
        ensure!(
            host.is_some_and(|host| !host.is_empty() && !host.contains(['@', '/', ' '])),
            "site.push.proxy: expected an address as http://proxy.hospital.example:3128, without a password"
        );
    }
    let own = public_url
        .filter(|url| url.starts_with("https://"))
        .map(str::to_owned);
    Ok(chosen.enabled.then(|| settings::Push {
        services,
        contact: chosen.contact.clone().or(own),
        proxy: chosen.proxy.clone(),
    }))
}
