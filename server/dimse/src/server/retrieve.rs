//! C-MOVE and C-GET: sub-operations, counted (PS3.4 sections C.4.2 and C.4.3).

use std::collections::HashSet;

use dicom_core::{DataElement, PrimitiveValue, VR};
use dicom_dictionary_std::tags::FAILED_SOP_INSTANCE_UID_LIST;
use dicom_object::InMemDicomObject;

use super::Shared;
use super::handler::{Destination, Handler, Planned};
use super::query::{answers_report, cancels, hear, read_query};
use super::session::refuse;
use crate::association::{Association, Message, unexpected};
use crate::client::{Client, ClientConfig};
use crate::command::{Command, Operation};
use crate::negotiation::{Peer, Proposal};
use crate::status::{Category, Outcome, Status};
use crate::{Error, Instance, Result, data_set};

/// How far the sub-operations are.
#[derive(Debug, Default)]
struct Progress {
    remaining: usize,
    completed: usize,
    warning: usize,
    failed: Vec<String>,
    is_cancelled: bool,
    /// Why nothing could be sent at all.
    comment: Option<String>,
}

impl Progress {
    fn count(&mut self, planned: &Planned, outcome: &Outcome) {
        self.remaining = self.remaining.saturating_sub(1);
        match outcome.status.category() {
            Category::Success => self.completed += 1,
            Category::Warning => self.warning += 1,
            _ => self.failed.push(planned.sop_instance_uid.clone()),
        }
    }

    fn status(&self) -> Status {
        if self.is_cancelled {
            Status::CANCEL
        } else if self.failed.is_empty() && self.warning == 0 {
            Status::SUCCESS
        } else if self.completed + self.warning == 0 {
            Status::CANNOT_PERFORM
        } else {
            Status::SOME_FAILED
        }
    }

    fn response(&self, request: &Command, status: Status) -> Command {
        let number = |count: usize| Some(u16::try_from(count).unwrap_or(u16::MAX));
        let mut response = request.response(&status.into());
        // Only an answer after which something may remain says how much (PS3.7 9.1.4.1.7).
        let is_final = !matches!(status.category(), Category::Pending | Category::Cancel);
        response.remaining = number(self.remaining).filter(|_| !is_final);
        response.completed = number(self.completed);
        response.failed = number(self.failed.len());
        response.warning = number(self.warning);
        response
    }
}

pub(super) async fn retrieve<H: Handler>(
    association: &mut Association,
    peer: &Peer,
    shared: &Shared<H>,
    message: Message,
    class: String,
) -> Result<()> {
    let handler = &*shared.handler;
    let query = match read_query(association, &message, class).await? {
        Ok(query) => query,
        Err(outcome) => return refuse(association, &message, outcome).await,
    };
    let destination = match &message.command.move_destination {
        Some(title) if message.command.operation == Operation::CMove => {
            handler.destination(peer, title).await
        }
        _ => None,
    };
    if message.command.operation == Operation::CMove && destination.is_none() {
        let words = "move destination unknown";
        return refuse(
            association,
            &message,
            Outcome::new(Status::DESTINATION_UNKNOWN, words),
        )
        .await;
    }
    let planned = match handler.retrieve(peer, &query).await {
        Ok(planned) => planned,
        Err(outcome) => return refuse(association, &message, outcome).await,
    };
    let mut progress = Progress {
        remaining: planned.len(),
        ..Progress::default()
    };
    match destination {
        Some(destination) if !planned.is_empty() => {
            let target = (peer, destination);
            send_elsewhere(association, shared, &message, target, &planned, &mut progress).await?;
        }
        _ => send_back(association, shared, &message, &planned, &mut progress).await?,
    }
    finish(association, &message, &progress).await
}

async fn finish(association: &mut Association, message: &Message, progress: &Progress) -> Result<()> {
    let mut response = progress.response(&message.command, progress.status());
    response.error_comment = progress.comment.clone();
    let bytes = if progress.failed.is_empty() {
        None
    } else {
        let uids = progress.failed.iter().cloned().collect();
        let list = DataElement::new(FAILED_SOP_INSTANCE_UID_LIST, VR::UI, PrimitiveValue::Strs(uids));
        let identifier = InMemDicomObject::from_element_iter([list]);
        let syntax = &association.context(message.context_id)?.transfer_syntax;
        data_set::encode(&identifier, syntax).ok()
    };
    association
        .send(message.context_id, response, bytes.as_deref())
        .await
}

/// Whether the C-CANCEL of a request has come; does not wait for it.
async fn is_cancelled(association: &mut Association, message: &Message) -> Result<bool> {
    tokio::select! {
        biased;
        event = association.next_event() => hear(event?, message),
        () = std::future::ready(()) => Ok(false),
    }
}

/// C-GET: stores on the association that asked.
async fn send_back<H: Handler>(
    association: &mut Association,
    shared: &Shared<H>,
    message: &Message,
    planned: &[Planned],
    progress: &mut Progress,
) -> Result<()> {
    for planned in planned {
        if progress.is_cancelled || is_cancelled(association, message).await? {
            progress.is_cancelled = true;
            return Ok(());
        }
        let context = planned
            .transfer_syntax_uids
            .iter()
            .find_map(|syntax| association.negotiated.find(&planned.sop_class_uid, &[syntax]))
            .filter(|context| context.requestor_is_provider);
        let outcome = match context {
            None => Status::CLASS_NOT_SUPPORTED.into(),
            Some(context) => {
                let (id, syntax) = (context.id, context.transfer_syntax.clone());
                match shared.handler.open(planned, &syntax).await {
                    Err(outcome) => outcome,
                    Ok(instance) => store_back(association, message, id, instance, progress).await?,
                }
            }
        };
        progress.count(planned, &outcome);
        // It leaves with the next store or the final answer, in the same write.
        let response = progress.response(&message.command, Status::PENDING);
        association.queue(message.context_id, response, None).await?;
    }
    Ok(())
}

async fn store_back(
    association: &mut Association,
    message: &Message,
    context_id: u8,
    instance: Instance,
    progress: &mut Progress,
) -> Result<Outcome> {
    let mut request = Command::request(Operation::CStore, association.message_id());
    request.affected_sop_class_uid = Some(instance.sop_class_uid);
    request.affected_sop_instance_uid = Some(instance.sop_instance_uid);
    request.priority = message.command.priority.or(Some(0));
    let id = request.message_id;
    association.send_data(context_id, request, instance.data).await?;
    let within = association.wire().timeouts.response;
    loop {
        let answer = association
            .next_message(within, "the answer of a C-STORE")
            .await?
            .command;
        if cancels(&answer, message) {
            progress.is_cancelled = true;
        } else if answer.is_response && answer.operation == Operation::CStore && answer.message_id == id {
            return Ok(answer.outcome());
        } else if !answers_report(&answer) {
            return Err(unexpected("the answer of a C-STORE", "another message"));
        }
    }
}

/// C-MOVE: stores on an association of its own.
async fn send_elsewhere<H: Handler>(
    association: &mut Association,
    shared: &Shared<H>,
    message: &Message,
    (peer, destination): (&Peer, Destination),
    planned: &[Planned],
    progress: &mut Progress,
) -> Result<()> {
    let config = ClientConfig {
        implementation: shared.config.implementation.clone(),
        limits: shared.config.limits.clone(),
        timeouts: shared.config.timeouts.clone(),
        ..ClientConfig::new(&shared.config.ae_title, &destination.ae_title)
    };
    let connected = async {
        let within = config.timeouts.association;
        let stream = tokio::time::timeout(within, shared.handler.connect(&destination));
        let stream = stream.await.map_err(|_| Error::TimedOut("a connection"))??;
        Client::over(stream, None, &config, &proposals(planned)).await
    };
    let mut client = match connected.await {
        Ok(client) => Some(client),
        Err(error) => {
            tracing::warn!(destination = destination.ae_title, %error, "move destination not reached");
            progress.comment = Some("move destination not reached".to_owned());
            None
        }
    };
    let originator = (peer.ae_title.clone(), message.command.message_id);
    for planned in planned {
        if is_cancelled(association, message).await? {
            progress.is_cancelled = true;
            break;
        }
        let outcome = match &mut client {
            Some(open) => match store_elsewhere(open, shared, planned, &originator).await {
                Ok(outcome) => outcome,
                Err(error) => {
                    tracing::warn!(destination = destination.ae_title, %error, "move destination lost");
                    client = None;
                    Status::CANNOT_UNDERSTAND.into()
                }
            },
            None => Status::CANNOT_UNDERSTAND.into(),
        };
        progress.count(planned, &outcome);
        if progress.remaining > 0 && client.is_some() {
            let response = progress.response(&message.command, Status::PENDING);
            association.send(message.context_id, response, None).await?;
        }
    }
    if let Some(client) = client {
        // Everything is stored and answered: a destination that does not say goodbye changes nothing.
        let _ = client.release().await;
    }
    Ok(())
}

async fn store_elsewhere<H: Handler>(
    client: &mut Client,
    shared: &Shared<H>,
    planned: &Planned,
    originator: &(String, u16),
) -> Result<Outcome> {
    let syntaxes: Vec<&str> = planned.transfer_syntax_uids.iter().map(String::as_str).collect();
    let Some(context) = client.negotiated().find(&planned.sop_class_uid, &syntaxes) else {
        return Ok(Status::CLASS_NOT_SUPPORTED.into());
    };
    let syntax = context.transfer_syntax.clone();
    match shared.handler.open(planned, &syntax).await {
        Ok(instance) => client.store_for(instance, Some(originator)).await,
        Err(outcome) => Ok(outcome),
    }
}

/// Contexts for all that is planned, as far as the 128 of one association go: every class in its best transfer
/// syntax first, then the others.
fn proposals(planned: &[Planned]) -> Vec<Proposal> {
    let most = planned.iter().map(|p| p.transfer_syntax_uids.len()).max();
    let mut seen = HashSet::new();
    let ranks = 0..most.unwrap_or(0);
    let pairs = ranks.flat_map(|rank| {
        planned
            .iter()
            .filter_map(move |p| Some((p.sop_class_uid.as_str(), p.transfer_syntax_uids.get(rank)?)))
    });
    pairs
        .filter(|pair| seen.insert(*pair))
        .take(128)
        .map(|(class, syntax)| Proposal::new(class, &[syntax]))
        .collect()
}
