//! What can be said in messages. The words stand in the catalogues: `outbox-text-` and the template's word, for mail also
//! `outbox-subject-`. Providers of SMS have templates of their own, which the site's settings name for each word.

use super::Channel;
use crate::clock::{DAY_NS, MINUTE_NS};

/// Something that is said in messages.
#[derive(Debug, Clone, Copy)]
pub struct Template {
    /// Its word.
    pub word: &'static str,
    /// What stands in it, by name.
    pub arguments: &'static [&'static str],
    /// Whether it holds a code or a link by which somebody could pass for the person.
    pub is_secret: bool,
    /// How long it says anything: later it is not sent any more.
    pub lasts_ns: i64,
    /// The ways that it is sent by.
    pub channels: &'static [Channel],
}

/// All templates.
pub const TEMPLATES: &[Template] = &[
    template("code", SMS, &["code", "minutes"], true, 5 * MINUTE_NS),
    template("mobile-taken", SMS, &[], false, DAY_NS),
    template("mobile-changed", SMS, &[], false, DAY_NS),
    template("reset-link", MAIL, &["link"], true, 30 * MINUTE_NS),
    template("email-link", MAIL, &["link"], true, DAY_NS),
    template("registration-approved", SMS, &[], false, 7 * DAY_NS),
    template("registration-rejected", SMS, &[], false, 7 * DAY_NS),
    template("account-reset", SMS, &[], false, 7 * DAY_NS),
    template("account-closed", SMS, &[], false, 7 * DAY_NS),
    template("member-added", SMS, &["organisation"], false, 7 * DAY_NS),
    template("invited", SMS, &["organisation"], false, 7 * DAY_NS),
    // A notification, as its sentence.
    template("notice", &[Channel::WeChat], &["words", "link"], false, DAY_NS),
    // The same where it may be read by others: of what kind it is, with its number and the page that it leads to.
    template(
        "push",
        &[Channel::Push],
        &["words", "notice", "page"],
        false,
        DAY_NS,
    ),
    // What a server or a service alarms of (OPS-08).
    template(
        "alarm",
        &[Channel::Sms, Channel::Mail],
        &["server", "alarm"],
        false,
        DAY_NS,
    ),
];

const SMS: &[Channel] = &[Channel::Sms];
const MAIL: &[Channel] = &[Channel::Mail];

const fn template(
    word: &'static str,
    channels: &'static [Channel],
    arguments: &'static [&'static str],
    is_secret: bool,
    lasts_ns: i64,
) -> Template {
    Template {
        word,
        arguments,
        is_secret,
        lasts_ns,
        channels,
    }
}

/// A template by its word.
#[must_use]
pub fn of(word: &str) -> Option<&'static Template> {
    TEMPLATES.iter().find(|template| template.word == word)
}
