//! Sending what was received on to other nodes, by rules.
//!
//! ```toml
//! [[destination]]
//! name = "reading-room"
//! node.dimse = { ae_title = "READING", address = "10.1.2.3:104" }
//!
//! [[rule]]
//! name = "PET to the reading room"
//! modality = ["PT", "CT"]
//! study_description = ["*FDG*"]
//! to = ["reading-room"]
//! ```
//!
//! A rule's conditions must all hold; of the patterns of one condition, one must fit. Nothing goes back to where it came
//! from, and no object goes to a destination twice, so that archives that route to each other come to rest; where bytes
//! change on the way, the queue's limit of versions ends it. Objects leave with the corrections that are in force when they
//! are sent, and rejected ones do not leave; what is corrected after it was sent is sent again when a person asks for it. The queue itself is [`crate::delivery`]'s.

mod choose;
mod config;
mod dicomweb;
mod dimse;
mod object;
mod store;

#[cfg(test)]
pub(crate) mod tests;

use std::sync::Arc;

use crate::delivery::{Backoff, Carrier, Line, NewDelivery};
use crate::index::Index;
use crate::services::Archive;

pub use self::dicomweb::WebCarrier;
pub use self::dimse::{DimseCarrier, associate};
pub use choose::Routes;
pub use config::{Config, Destination, DimseNode, Node, Rule, Source, WebNode};
pub(crate) use object::{outgoing, unread};

/// Why a configuration of routes cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What is written does not fit together.
    #[error("{0}")]
    Invalid(String),
    /// A node's address, key or certificate cannot be used.
    #[error("destination {destination}: {source}")]
    Web {
        /// The destination.
        destination: String,
        /// Why.
        source: crate::gateway::WebError,
    },
}

/// Makes the queue's lines, one for each destination, from an archive and under its AE title.
///
/// # Errors
///
/// [`Error::Web`].
pub fn lines(config: &Config, archive: &Archive) -> Result<Vec<Line>, Error> {
    let line = |destination: &Destination| {
        let web = |source| Error::Web {
            destination: destination.name.clone(),
            source,
        };
        let carrier: Arc<dyn Carrier> = match &destination.node {
            Node::Dimse(node) => Arc::new(DimseCarrier::new(node.clone(), archive).map_err(web)?),
            Node::Dicomweb(node) => Arc::new(WebCarrier::new(node, archive).map_err(web)?),
            Node::Cloud(node) => Arc::new(crate::gateway::CloudCarrier::new(node, archive).map_err(web)?),
        };
        Ok(Line {
            destination: destination.name.clone(),
            carrier,
            parallel: destination.parallel,
            backoff: Backoff::default(),
        })
    };
    config.destination.iter().map(line).collect()
}

/// Gives the deliveries that send a study to a destination, whatever the rules: for
/// [`crate::delivery::Queue::send`].
///
/// # Errors
///
/// [`crate::index::Error::Database`].
pub async fn study(
    index: &Index,
    study_uid: &str,
    destination: &str,
) -> crate::index::Result<Vec<NewDelivery>> {
    let found = store::of_study(index, study_uid).await?;
    Ok(found
        .into_iter()
        .map(|object| object.delivery(destination, 0))
        .collect())
}
