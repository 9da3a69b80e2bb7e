//! Whole PDUs (PS3.8 section 9.3) on a stream, under limits of size and time.
//!
//! `dicom_ul` reads and writes the PDUs of negotiation; P-DATA is framed here, so that fragments are not copied
//! and many PDUs leave in one write.

use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use dicom_ul::pdu::{self, Pdu};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};

use crate::error::AbortReason;
use crate::transport::Transport;
use crate::{Error, Limits, Rejection, Result, Timeouts};

const HEADER: usize = 6;
/// Length, context and flags before a fragment.
const PDV_HEADER: usize = 6;
const READ_BYTES: usize = 64 << 10;
/// What is held back for one write.
const WRITE_BYTES: usize = 256 << 10;

/// A PDU that came.
#[derive(Debug)]
pub(crate) enum Received {
    /// A-ASSOCIATE-RQ, -AC or -RJ.
    Negotiation(Pdu),
    /// P-DATA-TF: its presentation data values.
    Data(Bytes),
    ReleaseRequest,
    ReleaseReply,
}

/// What a fragment belongs to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fragment {
    pub(crate) context_id: u8,
    pub(crate) is_command: bool,
    pub(crate) is_last: bool,
}

pub(crate) struct Wire {
    stream: Box<dyn Transport>,
    input: BytesMut,
    output: BytesMut,
    /// When the PDU now incomplete was first looked at.
    begun: Option<Instant>,
    pub(crate) limits: Limits,
    pub(crate) timeouts: Timeouts,
}

impl Wire {
    pub(crate) fn new(stream: Box<dyn Transport>, limits: Limits, timeouts: Timeouts) -> Self {
        Self {
            stream,
            input: BytesMut::new(),
            output: BytesMut::new(),
            begun: None,
            limits,
            timeouts,
        }
    }

    /// Gives the next PDU; waits for its first byte without end. May be dropped and called again.
    pub(crate) async fn receive(&mut self) -> Result<Received> {
        loop {
            let wanted = match self.take()? {
                Taken::Pdu(received) => {
                    self.begun = None;
                    return Ok(received);
                }
                Taken::Needs(bytes) => bytes,
            };
            self.input.reserve(wanted.max(READ_BYTES));
            let is_first = self.input.is_empty();
            let read = self.stream.read_buf(&mut self.input);
            let count = if is_first {
                read.await?
            } else {
                let begun = *self.begun.get_or_insert_with(Instant::now);
                timeout_at(begun + self.timeouts.pdu, read)
                    .await
                    .map_err(|_| Error::TimedOut("the rest of a PDU"))??
            };
            if count == 0 {
                return Err(Error::Closed);
            }
            self.stream.acknowledge_now();
        }
    }

    /// As [`Self::receive`], with an end to waiting.
    pub(crate) async fn receive_within(&mut self, limit: Duration, what: &'static str) -> Result<Received> {
        timeout(limit, self.receive())
            .await
            .map_err(|_| Error::TimedOut(what))?
    }

    fn take(&mut self) -> Result<Taken> {
        let Some(head) = self.input.first_chunk::<HEADER>() else {
            return Ok(Taken::Needs(HEADER));
        };
        let kind = head[0];
        let length = u32::from_be_bytes([head[2], head[3], head[4], head[5]]);
        let limit = match kind {
            0x01..=0x03 => self.limits.associate_bytes,
            0x04 => self.limits.pdu_bytes,
            0x05..=0x07 => 256,
            _ => {
                let found = format!("type {kind:#04X}");
                return Err(Error::protocol("a PDU", found, AbortReason::UnrecognizedPdu));
            }
        };
        if length > limit {
            return Err(Error::TooLarge {
                what: "bytes of a PDU",
                limit: limit.into(),
                found: length.into(),
            });
        }
        let whole = HEADER + length as usize;
        if self.input.len() < whole {
            return Ok(Taken::Needs(whole - self.input.len()));
        }
        let mut bytes = self.input.split_to(whole).freeze();
        let received = match kind {
            0x01..=0x03 => Received::Negotiation(negotiation(&bytes)?),
            0x04 => Received::Data(bytes.split_off(HEADER)),
            0x05 => Received::ReleaseRequest,
            0x06 => Received::ReleaseReply,
            _ => {
                let byte = |at: usize| bytes.get(at).copied().unwrap_or(0);
                return Err(Error::Aborted {
                    source_code: byte(8),
                    reason: byte(9),
                });
            }
        };
        Ok(Taken::Pdu(received))
    }

    /// Sends what is queued, then a PDU of negotiation.
    pub(crate) async fn send_negotiation(&mut self, pdu: &Pdu) -> Result<()> {
        let mut bytes = Vec::new();
        pdu::write_pdu(&mut bytes, pdu).map_err(|error| Error::Encode {
            what: "association PDU",
            reason: error.to_string(),
        })?;
        self.output.extend_from_slice(&bytes);
        self.flush().await
    }

    pub(crate) async fn send_rejection(&mut self, rejection: Rejection) -> Result<()> {
        let Rejection {
            result,
            source,
            reason,
        } = rejection;
        self.send_short(0x03, [0, result, source, reason]).await
    }

    pub(crate) async fn send_release(&mut self, is_reply: bool) -> Result<()> {
        self.send_short(if is_reply { 0x06 } else { 0x05 }, [0; 4]).await
    }

    async fn send_short(&mut self, kind: u8, body: [u8; 4]) -> Result<()> {
        self.output.extend_from_slice(&[kind, 0, 0, 0, 0, 4]);
        self.output.extend_from_slice(&body);
        self.flush().await
    }

    /// Tells the peer that the association is over, as far as it still listens.
    pub(crate) async fn abort(&mut self, source: u8, reason: u8) {
        self.output.clear();
        let short = Duration::from_secs(2);
        let _ = timeout(short, self.send_short(0x07, [0, 0, source, reason])).await;
        self.close().await;
    }

    /// Closes our side and lets the peer close its own: a socket closed on unread bytes resets the connection,
    /// and the peer may lose what was sent last (PS3.8 state 13).
    pub(crate) async fn close(&mut self) {
        let _ = timeout(Duration::from_secs(2), async {
            self.stream.shutdown().await?;
            for _ in 0..64 {
                self.input.clear();
                self.input.reserve(READ_BYTES);
                if self.stream.read_buf(&mut self.input).await? == 0 {
                    break;
                }
            }
            Ok::<_, std::io::Error>(())
        })
        .await;
    }

    /// Queues bytes as one fragment or more, each a PDU of at most `max_pdu` bytes.
    pub(crate) async fn queue(
        &mut self,
        mut fragment: Fragment,
        mut bytes: &[u8],
        max_pdu: u32,
    ) -> Result<()> {
        let ends = fragment.is_last;
        let room = max_pdu as usize - PDV_HEADER;
        loop {
            let (now, rest) = bytes.split_at(bytes.len().min(room));
            bytes = rest;
            fragment.is_last = ends && bytes.is_empty();
            // Fragments are even (PS3.8 Annex E.1); only a deflated data set can be odd, and ends with a zero then
            // (PS3.5 A.5). The room is even, so there is some for it.
            let padding = now.len() % 2;
            self.put_head(fragment, now.len() + padding);
            self.output.extend_from_slice(now);
            self.output.put_bytes(0, padding);
            if self.output.len() >= WRITE_BYTES {
                self.flush().await?;
            }
            if bytes.is_empty() {
                return Ok(());
            }
        }
    }

    fn put_head(&mut self, fragment: Fragment, data_bytes: usize) {
        let length = u32::try_from(data_bytes).unwrap_or(u32::MAX);
        self.output.put_slice(&[0x04, 0]);
        self.output.put_u32(length.saturating_add(PDV_HEADER as u32));
        self.output.put_u32(length.saturating_add(2));
        self.output.put_u8(fragment.context_id);
        self.output
            .put_u8(u8::from(fragment.is_command) | u8::from(fragment.is_last) << 1);
    }

    /// Writes what is queued.
    pub(crate) async fn flush(&mut self) -> Result<()> {
        if self.output.is_empty() {
            return Ok(());
        }
        let write = async {
            self.stream.write_all(&self.output).await?;
            self.stream.flush().await
        };
        timeout(self.timeouts.write, write)
            .await
            .map_err(|_| Error::TimedOut("the peer to read"))??;
        self.output.clear();
        Ok(())
    }
}

enum Taken {
    Pdu(Received),
    /// At least this many bytes more.
    Needs(usize),
}

pub(crate) fn negotiation(bytes: &[u8]) -> Result<Pdu> {
    let reason = AbortReason::InvalidParameter;
    match pdu::read_pdu(bytes, pdu::MAXIMUM_PDU_SIZE, false) {
        Ok(Some(pdu)) => Ok(pdu),
        Ok(None) => Err(Error::protocol(
            "a whole association PDU",
            "items cut short",
            reason,
        )),
        Err(error) => Err(Error::protocol("an association PDU", error.to_string(), reason)),
    }
}

/// Takes one presentation data value off the front of a P-DATA PDU's body.
pub(crate) fn take_fragment(body: &mut Bytes) -> Result<(Fragment, Bytes)> {
    let invalid = |found| Error::protocol("a presentation data value", found, AbortReason::InvalidParameter);
    if body.len() < PDV_HEADER {
        return Err(invalid("a header cut short"));
    }
    let length = body.get_u32() as usize;
    if length < 2 || length > body.len() {
        return Err(invalid("a length beyond its PDU"));
    }
    let context_id = body.get_u8();
    let flags = body.get_u8();
    let fragment = Fragment {
        context_id,
        is_command: flags & 1 != 0,
        is_last: flags & 2 != 0,
    };
    Ok((fragment, body.split_to(length - 2)))
}
