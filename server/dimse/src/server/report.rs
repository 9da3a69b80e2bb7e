//! N-EVENT-REPORTs of ours on an association that the peer opened (PS3.7 10.1.1): one at a time, between the peer's requests.

use tokio::sync::{mpsc, oneshot};

use super::handler::{NormalizedRequest, Operation, Reports};
use crate::association::{Association, Message, unexpected};
use crate::command::{Command, Operation as Asked};
use crate::status::Outcome;
use crate::{Result, data_set};

/// Reports that wait.
const WAITING: usize = 16;

type Report = (NormalizedRequest, oneshot::Sender<Outcome>);

/// The reports of one association.
pub(super) struct Reporting {
    receiver: mpsc::Receiver<Report>,
    /// The one that was sent and not answered, by its message.
    sent: Option<(u16, oneshot::Sender<Outcome>)>,
}

impl Reporting {
    pub(super) fn new() -> (Reports, Self) {
        let (sender, receiver) = mpsc::channel(WAITING);
        let reporting = Self { receiver, sent: None };
        (Reports { sender }, reporting)
    }

    /// The next report that may be sent; waits without end while one is not answered.
    pub(super) async fn next(&mut self) -> Report {
        if self.sent.is_none()
            && let Some(report) = self.receiver.recv().await
        {
            return report;
        }
        std::future::pending().await
    }

    /// Sends a report; one that has no context here, or cannot be encoded, is given back by dropping its answer.
    pub(super) async fn send(&mut self, association: &mut Association, report: Report) -> Result<()> {
        let (request, answer) = report;
        let Operation::EventReport(kind) = request.operation else {
            return Ok(());
        };
        let Some(context) = association.negotiated.find(&request.sop_class_uid, &[]) else {
            return Ok(());
        };
        let (context_id, syntax) = (context.id, context.transfer_syntax.clone());
        let data = request
            .data_set
            .as_ref()
            .map(|data| data_set::encode(data, &syntax));
        let Ok(data) = data.transpose() else {
            return Ok(());
        };
        let mut command = Command::request(Asked::NEventReport, association.message_id());
        command.affected_sop_class_uid = Some(request.sop_class_uid);
        command.affected_sop_instance_uid = request.sop_instance_uid;
        command.event_type = Some(kind);
        self.sent = Some((command.message_id, answer));
        association.send(context_id, command, data.as_deref()).await
    }

    /// Takes the answer to the report that was sent.
    pub(super) fn answered(&mut self, message: &Message) -> Result<()> {
        let command = &message.command;
        match self.sent.take() {
            Some((id, answer)) if command.operation == Asked::NEventReport && command.message_id == id => {
                // Who waited may have gone.
                let _ = answer.send(command.outcome());
                Ok(())
            }
            _ => Err(unexpected("a request", "a response")),
        }
    }
}
