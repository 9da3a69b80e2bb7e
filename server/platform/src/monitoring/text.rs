//! What somebody on call is told by SMS: which server, and what is wrong with it. Nothing of patients is known here.

use database::Transaction;

use super::on_call::OnCall;
use super::{Alarm, pages};
use crate::outbox::{self, Channel, Message};
use crate::people::reach;
use crate::{Platform, Result};

/// Puts a text into the outbox; where no provider of SMS is connected it says so there.
pub(super) async fn send(
    platform: &Platform,
    change: &Transaction,
    alarm: &Alarm,
    to: &OnCall,
) -> Result<()> {
    let language = reach::language(change, to.person).await?;
    let server = pages::about(change, &alarm.subject).await?;
    let what = language.say(&format!("alarm-{}", alarm.kind.word()));
    let what = match alarm.is_flapping {
        true => format!("{what} ({})", language.say("alarm-flapping")),
        false => what.into_owned(),
    };
    let message = Message {
        channel: Channel::Sms,
        person: Some(to.person),
        to: to.mobile.clone(),
        template: "alarm",
        arguments: &[("server", &server), ("alarm", &what)],
        organisation: None,
        key: format!("alarm {} {} {}", alarm.id, alarm.severity.word(), to.person),
        at_ns: None,
        language,
    };
    outbox::send(platform, change, &message).await
}
