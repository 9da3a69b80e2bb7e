//! C-FIND: answers leave as they are found, and C-CANCEL is heard meanwhile (PS3.4 section C.4.1).

use tokio::sync::mpsc;

use super::handler::{Answers, Handler, Query};
use super::session::refuse;
use crate::association::{Association, Message, unexpected};
use crate::command::{Command, Operation};
use crate::negotiation::Peer;
use crate::status::{Outcome, Status};
use crate::{Result, data_set};

/// Answers that wait for a write; what is ready leaves together.
const WAITING: usize = 64;

pub(super) async fn find<H: Handler>(
    association: &mut Association,
    peer: &Peer,
    handler: &H,
    message: Message,
    sop_class_uid: String,
    syntax: &str,
) -> Result<()> {
    let query = match read_query(association, &message, sop_class_uid).await? {
        Ok(query) => query,
        Err(outcome) => return refuse(association, &message, outcome).await,
    };
    let (sender, mut receiver) = mpsc::channel(WAITING);
    let answers = Answers { sender };
    let mut finding = std::pin::pin!(handler.find(peer, &query, &answers));
    let outcome = loop {
        tokio::select! {
            // Answers first: the handler's end must not overtake them.
            biased;
            event = association.next_event() => {
                if hear(event?, &message)? {
                    receiver.close();
                    break Status::CANCEL.into();
                }
            }
            Some((answer, status)) = receiver.recv() => {
                if !queue_answer(association, &message, &answer, status, syntax).await? {
                    break Status::CANNOT_UNDERSTAND.into();
                }
                if receiver.is_empty() {
                    association.flush().await?;
                }
            }
            outcome = &mut finding => {
                let mut outcome: Outcome = outcome;
                while let Ok((answer, status)) = receiver.try_recv() {
                    if !queue_answer(association, &message, &answer, status, syntax).await? {
                        outcome = Status::CANNOT_UNDERSTAND.into();
                    }
                }
                break outcome;
            }
        }
    };
    let response = message.command.response(&outcome);
    association.send(message.context_id, response, None).await
}

/// Queues one match; `false` when it cannot be encoded.
async fn queue_answer(
    association: &mut Association,
    message: &Message,
    answer: &dicom_object::InMemDicomObject,
    status: Status,
    syntax: &str,
) -> Result<bool> {
    let bytes = match data_set::encode(answer, syntax) {
        Ok(bytes) => bytes,
        Err(error) => {
            tracing::warn!(%error, "an answer cannot be encoded");
            return Ok(false);
        }
    };
    let response = message.command.response(&status.into());
    association
        .queue(message.context_id, response, Some(&bytes))
        .await?;
    Ok(true)
}

/// What may come while a request is being answered: its C-CANCEL, for which this gives `true`, or the answer to a report
/// of ours that crossed the request. That report counts as unanswered and is sent again: twice rather than never.
pub(super) fn hear(event: Option<Message>, request: &Message) -> Result<bool> {
    match event {
        Some(Message { command, .. }) if cancels(&command, request) => Ok(true),
        Some(Message { command, .. }) if answers_report(&command) => Ok(false),
        Some(_) => Err(unexpected("C-CANCEL or nothing", "another message")),
        None => Err(unexpected("C-CANCEL or nothing", "a release request")),
    }
}

pub(super) fn answers_report(command: &Command) -> bool {
    command.is_response && command.operation == Operation::NEventReport
}

pub(super) fn cancels(command: &Command, request: &Message) -> bool {
    command.operation == Operation::CCancel && command.message_id == request.command.message_id
}

/// Reads the identifier of a C-FIND, C-MOVE or C-GET; an inner error answers the message.
pub(super) async fn read_query(
    association: &mut Association,
    message: &Message,
    sop_class_uid: String,
) -> Result<Result<Query, Outcome>> {
    Ok(match association.read_data_set(message).await? {
        Ok(Some(identifier)) => Ok(Query {
            sop_class_uid,
            identifier,
            priority: message.command.priority.unwrap_or(0),
        }),
        Ok(None) => Err(Outcome::new(
            Status::CLASS_MISMATCH,
            "expected an identifier, found none",
        )),
        Err(error) => Err(Outcome::new(Status::CANNOT_UNDERSTAND, error.to_string())),
    })
}
