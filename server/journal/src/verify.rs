//! Whether the journal is what was written.

use database::Connection;

use super::heads::Head;
use super::store::{Stored, beginning, chain_at};
use super::{Chain, Result, after};

/// Entries read at once.
const PAGE: u32 = 2000;

/// What was found wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// This entry does not follow from those before it: it, or what stood before it, was changed, removed or put in.
    Broken {
        /// The entry.
        id: i64,
    },
    /// A signed head has this number, and the journal ends before it.
    Cut {
        /// The number of the head.
        id: i64,
    },
    /// A signed head says otherwise of this entry: it and what follows was written anew.
    Rewritten {
        /// The number of the head.
        id: i64,
    },
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Entries.
    pub entries: u64,
    /// Signed heads that were compared.
    pub heads: usize,
    /// The last entry that a head vouches for.
    pub sealed: Option<i64>,
    /// What is wrong, the first of each kind of place.
    pub findings: Vec<Finding>,
}

/// Reads all entries and compares them with one another and with the heads.
///
/// # Errors
///
/// [`super::Error::Database`], [`super::Error::Damaged`].
pub async fn verify(connection: &impl Connection, heads: &[Head]) -> Result<Report> {
    let mut report = Report {
        heads: heads.len(),
        ..Report::default()
    };
    let (mut last, mut chain) = beginning(connection).await?;
    loop {
        let page;
        ((last, chain), page) = page_after(connection, (last, chain)).await?;
        let Some(end) = page.last() else {
            break;
        };
        let next = end.id;
        for stored in page {
            let expected = chain.with(&stored.entry);
            if expected != stored.chain {
                report.findings.push(Finding::Broken { id: stored.id });
            }
            chain = stored.chain;
            report.entries += 1;
        }
        last = next;
    }
    let (first, _) = beginning(connection).await?;
    for head in heads.iter().filter(|head| head.id >= first) {
        match chain_at(connection, head.id).await? {
            Some(chain) if chain == head.chain => report.sealed = report.sealed.max(Some(head.id)),
            Some(_) => report.findings.push(Finding::Rewritten { id: head.id }),
            None if head.id > last => report.findings.push(Finding::Cut { id: head.id }),
            None => report.findings.push(Finding::Broken { id: head.id }),
        }
    }
    Ok(report)
}

/// The next entries after a place in the chain, and the place that they follow: a later one, where the oldest entries were
/// removed meanwhile.
async fn page_after(
    connection: &impl Connection,
    mut at: (i64, Chain),
) -> Result<((i64, Chain), Vec<Stored>)> {
    loop {
        let page = after(connection, at.0, PAGE, None).await?;
        let begins = beginning(connection).await?;
        if begins.0 <= at.0 {
            return Ok((at, page));
        }
        at = begins;
    }
}

/// Whether the journal has the end that a head says.
///
/// # Errors
///
/// As [`verify`].
pub async fn agrees(connection: &impl Connection, head: &Head) -> Result<bool> {
    Ok(chain_at(connection, head.id).await?.as_ref() == Some(&head.chain))
}

/// A reading of the journal in small steps, for servers that go on meanwhile: it begins at the first entry, and at the end it
/// waits for more.
#[derive(Debug, Default)]
pub struct Walk {
    /// The last entry that was read, with the chain up to it.
    at: Option<(i64, Chain)>,
    broken: Option<i64>,
}

impl Walk {
    /// Reads on a little; gives whether the end was reached.
    ///
    /// # Errors
    ///
    /// As [`verify`].
    pub async fn step(&mut self, connection: &impl Connection) -> Result<bool> {
        let at = match self.at {
            Some(at) => at,
            None => beginning(connection).await?,
        };
        let ((last, mut chain), page) = page_after(connection, at).await?;
        let is_at_end = page.len() < PAGE as usize;
        let end = page.last().map_or(last, |stored| stored.id);
        for stored in page {
            if chain.with(&stored.entry) != stored.chain {
                self.broken.get_or_insert(stored.id);
            }
            chain = stored.chain;
        }
        self.at = Some((end, chain));
        Ok(is_at_end)
    }

    /// The first entry that does not follow from those before it.
    #[must_use]
    pub fn broken(&self) -> Option<i64> {
        self.broken
    }
}
