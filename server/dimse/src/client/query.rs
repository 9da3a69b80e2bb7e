//! C-FIND, C-MOVE and C-GET, as user.

use dicom_object::InMemDicomObject;

use super::{Client, answers};
use crate::association::{Message, unexpected};
use crate::command::{Command, Operation};
use crate::server::{Handler, store_one};
use crate::status::{Category, Outcome};
use crate::{Error, Result, data_set};

/// A match of C-FIND, or its end.
#[derive(Debug)]
pub enum Answer {
    /// A match.
    Match(Box<InMemDicomObject>),
    /// No more follow.
    End(Outcome),
}

/// A C-FIND that is being answered: read it to its end, or drop it and abort the association.
#[derive(Debug)]
pub struct Find<'a> {
    client: &'a mut Client,
    asked: Command,
    context_id: u8,
}

impl Find<'_> {
    /// The next match, or the end.
    ///
    /// # Errors
    ///
    /// The association is over.
    pub async fn next(&mut self) -> Result<Answer> {
        let message = self.client.answer_to(&self.asked).await?;
        let outcome = message.command.outcome();
        let read = self.client.association.read_data_set(&message);
        let data_set = match read.await.and_then(|inner| inner) {
            Ok(data_set) => data_set,
            Err(error) => return Err(self.client.fail(error).await),
        };
        match (outcome.status.category(), data_set) {
            (Category::Pending, Some(found)) => Ok(Answer::Match(Box::new(found))),
            (Category::Pending, None) => {
                let error = unexpected("a match", "a pending answer without one");
                Err(self.client.fail(error).await)
            }
            _ => Ok(Answer::End(outcome)),
        }
    }

    /// Reads all matches, at most `most` of them; then cancels.
    ///
    /// # Errors
    ///
    /// The association is over.
    pub async fn all(mut self, most: usize) -> Result<(Vec<InMemDicomObject>, Outcome)> {
        let mut found = Vec::new();
        let mut is_cancelled = false;
        loop {
            match self.next().await? {
                Answer::End(outcome) => return Ok((found, outcome)),
                Answer::Match(one) if found.len() < most => found.push(*one),
                Answer::Match(_) if is_cancelled => {}
                Answer::Match(_) => {
                    is_cancelled = true;
                    self.cancel().await?;
                }
            }
        }
    }

    /// Asks for no more matches; some may be on their way, so read on to the end.
    ///
    /// # Errors
    ///
    /// The association is over.
    pub async fn cancel(&mut self) -> Result<()> {
        self.client.cancel(self.context_id, self.asked.message_id).await
    }
}

/// Sub-operations of C-MOVE or C-GET so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Not yet done; 0 where the provider does not say.
    pub remaining: u16,
    /// Done.
    pub completed: u16,
    /// Failed.
    pub failed: u16,
    /// Done with a warning.
    pub warning: u16,
}

/// How a C-MOVE or C-GET ended.
#[derive(Debug, Clone)]
pub struct Retrieval {
    /// Status and words.
    pub outcome: Outcome,
    /// Sub-operations.
    pub counts: Counts,
    /// What came with the last answer: the list of failed instances.
    pub identifier: Option<InMemDicomObject>,
}

impl Client {
    /// C-FIND in an information model.
    ///
    /// # Errors
    ///
    /// [`Error::NoContext`] or [`Error::Encode`]; otherwise the association is over.
    pub async fn find(&mut self, model: &str, identifier: &InMemDicomObject) -> Result<Find<'_>> {
        let (context_id, asked) = self.query(Operation::CFind, model, identifier, None).await?;
        Ok(Find {
            client: self,
            asked,
            context_id,
        })
    }

    /// C-MOVE to another application entity; `on_progress` hears of every pending answer.
    ///
    /// # Errors
    ///
    /// As [`Self::find`].
    pub async fn move_to(
        &mut self,
        model: &str,
        destination: &str,
        identifier: &InMemDicomObject,
        mut on_progress: impl FnMut(Counts),
    ) -> Result<Retrieval> {
        let query = self.query(Operation::CMove, model, identifier, Some(destination));
        let (_, asked) = query.await?;
        loop {
            let message = self.answer_to(&asked).await?;
            if let Some(end) = self.progress(message, &mut on_progress).await? {
                return Ok(end);
            }
        }
    }

    /// C-GET: instances come back on this association and go to `handler`'s store.
    ///
    /// Each class wanted has to be proposed with the requestor as provider
    /// ([`crate::Proposal::as_provider`]).
    ///
    /// # Errors
    ///
    /// As [`Self::find`].
    pub async fn get<H: Handler>(
        &mut self,
        model: &str,
        identifier: &InMemDicomObject,
        handler: &H,
        mut on_progress: impl FnMut(Counts),
    ) -> Result<Retrieval> {
        let (_, asked) = self.query(Operation::CGet, model, identifier, None).await?;
        let peer = self.association.negotiated.peer.clone();
        let within = self.association.wire().timeouts.response;
        loop {
            let message = match self.association.next_message(within, "an instance").await {
                Ok(message) => message,
                Err(error) => return Err(self.fail(error).await),
            };
            let command = &message.command;
            if command.operation == Operation::CStore && !command.is_response {
                let stored = store_one(&mut self.association, &peer, handler, &message);
                if let Err(error) = stored.await {
                    return Err(self.fail(error).await);
                }
            } else if answers(command, &asked) {
                if let Some(end) = self.progress(message, &mut on_progress).await? {
                    return Ok(end);
                }
            } else {
                let error = unexpected("an instance or an answer", "another message");
                return Err(self.fail(error).await);
            }
        }
    }

    /// Reads an answer of C-MOVE or C-GET; gives the last one.
    async fn progress(
        &mut self,
        message: Message,
        on_progress: &mut impl FnMut(Counts),
    ) -> Result<Option<Retrieval>> {
        let command = &message.command;
        let counts = Counts {
            remaining: command.remaining.unwrap_or(0),
            completed: command.completed.unwrap_or(0),
            failed: command.failed.unwrap_or(0),
            warning: command.warning.unwrap_or(0),
        };
        let read = self.association.read_data_set(&message).await;
        let identifier = match read {
            Ok(Ok(identifier)) => identifier,
            // A list of failures that cannot be read does not undo what was done.
            Ok(Err(Error::DataSet(_))) => None,
            Ok(Err(error)) | Err(error) => return Err(self.fail(error).await),
        };
        let outcome = command.outcome();
        if outcome.status.category() == Category::Pending {
            on_progress(counts);
            return Ok(None);
        }
        Ok(Some(Retrieval {
            outcome,
            counts,
            identifier,
        }))
    }

    async fn query(
        &mut self,
        operation: Operation,
        model: &str,
        identifier: &InMemDicomObject,
        destination: Option<&str>,
    ) -> Result<(u8, Command)> {
        let (context_id, syntax) = self.context(model, &[])?;
        let data = data_set::encode(identifier, &syntax)?;
        let mut request = self.request(operation);
        request.affected_sop_class_uid = Some(model.to_owned());
        request.priority = Some(0);
        request.move_destination = destination.map(str::to_owned);
        let asked = request.clone();
        let sent = self.association.send(context_id, request, Some(&data));
        if let Err(error) = sent.await {
            return Err(self.fail(error).await);
        }
        Ok((context_id, asked))
    }

    async fn cancel(&mut self, context_id: u8, message_id: u16) -> Result<()> {
        let request = Command::request(Operation::CCancel, message_id);
        let sent = self.association.send(context_id, request, None);
        if let Err(error) = sent.await {
            return Err(self.fail(error).await);
        }
        Ok(())
    }
}
