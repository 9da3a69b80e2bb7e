//! Modality Worklist: C-FIND over scheduled procedure steps (PS3.4 K).

use dimse::server::{Answers, Query};
use dimse::{CharacterSet, Outcome, Status};

use super::Archive;
use crate::index::Restriction;
use crate::orders::Identifier;

impl Archive {
    /// Sends the items that match, of those that are there for the peer, in the character set of who asks.
    pub(super) async fn scheduled(
        &self,
        query: &Query,
        answers: &Answers,
        set: CharacterSet,
        within: Restriction,
    ) -> Outcome {
        let identifier = match Identifier::new(query.identifier.clone()) {
            Ok(identifier) => identifier,
            Err(tag) => {
                let words = format!("attribute {tag} cannot be matched in this way");
                return Outcome {
                    offending: vec![tag],
                    ..Outcome::new(Status::CLASS_MISMATCH, words)
                };
            }
        };
        let mut filter = identifier.filter();
        filter.within = within;
        loop {
            let steps = match self.orders.find(&filter).await {
                Ok(steps) => steps,
                Err(error) => {
                    tracing::error!(%error, "a worklist query failed");
                    return Outcome::new(Status::CANNOT_UNDERSTAND, "the worklist cannot be searched now");
                }
            };
            for (_, step) in steps.iter().filter(|(_, step)| identifier.matches(&step.item)) {
                if answers
                    .send(set.apply(&identifier.answer(&step.item)))
                    .await
                    .is_err()
                {
                    return Status::CANCEL.into();
                }
            }
            let Some((last, _)) = steps.last().filter(|_| steps.len() == filter.limit as usize) else {
                return Status::SUCCESS.into();
            };
            filter.after = Some(*last);
        }
    }
}
