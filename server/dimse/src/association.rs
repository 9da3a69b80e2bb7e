//! Messages on an association that stands (PS3.7 section 6, PS3.8 Annex E).

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use dicom_object::InMemDicomObject;
use tokio::io::AsyncReadExt;

use crate::command::Command;
use crate::error::AbortReason;
use crate::instance::Data;
use crate::negotiation::{Context, Negotiated};
use crate::status::{Category, Status};
use crate::wire::{Fragment, Received, Wire, take_fragment};
use crate::{Error, Result, data_set};

/// Bytes read at once from where an instance lies.
const READ_BYTES: usize = 256 << 10;

/// A command that came, and where its data set comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The presentation context.
    pub context_id: u8,
    /// The command set.
    pub command: Command,
}

/// An association: what was agreed, and the messages on it.
pub struct Association {
    wire: Wire,
    /// What was agreed.
    pub negotiated: Negotiated,
    /// What is left of the P-DATA PDU that came last.
    body: Bytes,
    command: BytesMut,
    command_fragments: usize,
    /// The context of a data set whose end has not come.
    incoming: Option<u8>,
    last_message_id: u16,
    /// The status of our last final answer.
    answered: Option<Status>,
}

impl std::fmt::Debug for Association {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Association")
            .field("peer", &self.negotiated.peer.ae_title)
            .finish_non_exhaustive()
    }
}

impl Association {
    pub(crate) fn new(wire: Wire, negotiated: Negotiated) -> Self {
        Self {
            wire,
            negotiated,
            body: Bytes::new(),
            command: BytesMut::new(),
            command_fragments: 0,
            incoming: None,
            last_message_id: 0,
            answered: None,
        }
    }

    pub(crate) fn wire(&self) -> &Wire {
        &self.wire
    }

    /// The status of our last final answer, once.
    pub(crate) fn answered(&mut self) -> Option<Status> {
        self.answered.take()
    }

    /// A number for a message of ours.
    pub(crate) fn message_id(&mut self) -> u16 {
        self.last_message_id = self.last_message_id.wrapping_add(1);
        self.last_message_id
    }

    pub(crate) fn context(&self, id: u8) -> Result<&Context> {
        self.negotiated.context(id).ok_or_else(|| {
            let found = format!("context {id}");
            Error::protocol("an accepted context", found, AbortReason::InvalidParameter)
        })
    }

    /// Gives the next command; `None` when the peer wants to end. May be dropped and called again.
    pub(crate) async fn next_event(&mut self) -> Result<Option<Message>> {
        loop {
            let Some((fragment, bytes)) = self.next_value().await? else {
                return Ok(None);
            };
            if !fragment.is_command {
                return Err(unexpected("a command", "a data set"));
            }
            let size = self.command.len() + bytes.len();
            limit("bytes of a command set", self.wire.limits.command_bytes, size)?;
            self.command_fragments += 1;
            let most = self.wire.limits.fragments;
            limit("fragments of a command set", most, self.command_fragments)?;
            self.command.extend_from_slice(&bytes);
            if !fragment.is_last {
                continue;
            }
            let command = Command::decode(&self.command)?;
            self.command.clear();
            self.command_fragments = 0;
            self.context(fragment.context_id)?;
            if command.has_data_set {
                self.incoming = Some(fragment.context_id);
            }
            return Ok(Some(Message {
                context_id: fragment.context_id,
                command,
            }));
        }
    }

    /// As [`Self::next_event`], within a time and without a release.
    pub(crate) async fn next_message(&mut self, within: Duration, what: &'static str) -> Result<Message> {
        let event = tokio::time::timeout(within, self.next_event());
        match event.await.map_err(|_| Error::TimedOut(what))?? {
            Some(message) => Ok(message),
            None => Err(unexpected(what, "a release request")),
        }
    }

    /// The next presentation data value; `None` for a release request.
    async fn next_value(&mut self) -> Result<Option<(Fragment, Bytes)>> {
        loop {
            if !self.body.is_empty() {
                return take_fragment(&mut self.body).map(Some);
            }
            match self.wire.receive().await? {
                Received::Data(body) => self.body = body,
                Received::ReleaseRequest => return Ok(None),
                Received::ReleaseReply | Received::Negotiation(_) => {
                    return Err(unexpected("P-DATA", "another PDU"));
                }
            }
        }
    }

    /// The next bytes of the data set that is coming; `None` at its end.
    pub(crate) async fn next_fragment(&mut self) -> Result<Option<Bytes>> {
        let mut empty = 0;
        while let Some(context_id) = self.incoming {
            let within = self.wire.timeouts.pdu;
            let value = tokio::time::timeout(within, self.next_value());
            let value = value
                .await
                .map_err(|_| Error::TimedOut("the rest of a data set"))??;
            let Some((fragment, bytes)) = value else {
                return Err(unexpected("the rest of a data set", "a release request"));
            };
            if fragment.is_command || fragment.context_id != context_id {
                return Err(unexpected("the rest of a data set", "another message"));
            }
            if fragment.is_last {
                self.incoming = None;
            }
            if !bytes.is_empty() {
                return Ok(Some(bytes));
            }
            empty += 1;
            limit("empty fragments of a data set", self.wire.limits.fragments, empty)?;
        }
        Ok(None)
    }

    /// Reads a data set whole.
    pub(crate) async fn read_bytes(&mut self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        while let Some(fragment) = self.next_fragment().await? {
            let size = bytes.len() + fragment.len();
            limit("bytes of a data set", self.wire.limits.identifier_bytes, size)?;
            bytes.extend_from_slice(&fragment);
        }
        Ok(bytes)
    }

    /// Reads a message's data set whole and parses it; `None` when it has none.
    ///
    /// The outer error ends the association, the inner one only the message.
    pub(crate) async fn read_data_set(
        &mut self,
        message: &Message,
    ) -> Result<Result<Option<InMemDicomObject>>> {
        if !message.command.has_data_set {
            return Ok(Ok(None));
        }
        let bytes = self.read_bytes().await?;
        let context = self.context(message.context_id)?;
        let limits = self.wire.limits.data_set;
        Ok(data_set::decode(&bytes, &context.transfer_syntax, limits).map(Some))
    }

    /// Queues a message; [`Self::flush`] sends it.
    pub(crate) async fn queue(
        &mut self,
        context_id: u8,
        mut command: Command,
        data: Option<&[u8]>,
    ) -> Result<()> {
        command.has_data_set = data.is_some();
        if command.is_response {
            let is_final = |status: &Status| status.category() != Category::Pending;
            self.answered = command.status.filter(is_final).or(self.answered);
        }
        let max_pdu = self.negotiated.peer_max_pdu;
        let fragment = |is_command| Fragment {
            context_id,
            is_command,
            is_last: true,
        };
        let bytes = command.encode();
        self.wire.queue(fragment(true), &bytes, max_pdu).await?;
        if let Some(data) = data {
            self.wire.queue(fragment(false), data, max_pdu).await?;
        }
        Ok(())
    }

    /// Sends a message, and what was queued before it.
    pub(crate) async fn send(&mut self, context_id: u8, command: Command, data: Option<&[u8]>) -> Result<()> {
        self.queue(context_id, command, data).await?;
        self.flush().await
    }

    pub(crate) async fn flush(&mut self) -> Result<()> {
        self.wire.flush().await
    }

    /// Sends a message whose data set is read while it leaves.
    pub(crate) async fn send_data(&mut self, context_id: u8, command: Command, data: Data) -> Result<()> {
        let (mut reader, length) = match data {
            Data::Bytes(bytes) => return self.send(context_id, command, Some(&bytes)).await,
            Data::Reader { reader, length } => (reader, length),
        };
        let max_pdu = self.negotiated.peer_max_pdu;
        let mut fragment = Fragment {
            context_id,
            is_command: true,
            is_last: true,
        };
        let command = Command {
            has_data_set: true,
            ..command
        };
        self.wire.queue(fragment, &command.encode(), max_pdu).await?;
        fragment.is_command = false;
        // Whole fragments, so that none is shorter than the peer takes.
        let chunk = READ_BYTES / (max_pdu as usize - 6) * (max_pdu as usize - 6);
        let mut buffer = vec![0; chunk.max(max_pdu as usize - 6)];
        let mut left = length;
        loop {
            let now = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
            reader.read_exact(&mut buffer[..now]).await?;
            left -= now as u64;
            fragment.is_last = left == 0;
            self.wire.queue(fragment, &buffer[..now], max_pdu).await?;
            if left == 0 {
                return self.flush().await;
            }
        }
    }

    /// Asks for the end and waits for the peer's consent.
    pub(crate) async fn release(&mut self) -> Result<()> {
        self.wire.send_release(false).await?;
        let within = self.wire.timeouts.association;
        loop {
            match self.wire.receive_within(within, "a release's answer").await? {
                Received::ReleaseReply => break,
                // Both asked at once (PS3.8 section 9.2, release collision).
                Received::ReleaseRequest => self.wire.send_release(true).await?,
                Received::Data(_) => {}
                Received::Negotiation(_) => return Err(unexpected("a release's answer", "another PDU")),
            }
        }
        self.wire.close().await;
        Ok(())
    }

    /// Consents to the end.
    pub(crate) async fn consent_to_release(&mut self) -> Result<()> {
        self.wire.send_release(true).await?;
        self.wire.close().await;
        Ok(())
    }

    /// Ends the association at once.
    pub(crate) async fn abort(&mut self, source: u8, reason: u8) {
        self.wire.abort(source, reason).await;
    }

    pub(crate) async fn abort_for(&mut self, error: &Error) {
        if let Some((source, reason)) = error.abort_code() {
            self.abort(source, reason).await;
        }
    }
}

pub(crate) fn unexpected(expected: &'static str, found: &str) -> Error {
    Error::protocol(expected, found, AbortReason::UnexpectedPdu)
}

fn limit(what: &'static str, limit: usize, found: usize) -> Result<()> {
    if found > limit {
        return Err(Error::TooLarge {
            what,
            limit: limit as u64,
            found: found as u64,
        });
    }
    Ok(())
}
