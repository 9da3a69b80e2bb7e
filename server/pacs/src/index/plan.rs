//! Which way a search for studies goes. SQLite keeps no statistics of how often values are, so it is looked how many rows
//! a key leaves: of few it is best to sort their studies, of many to walk all studies from the latest until the page is
//! full.

use database::{Backend, Connection, Sql};
use dicom_dictionary_std::tags;

use super::attributes::{self, Kind, Level};
use super::filter::{self, Group};
use super::matching::Match;
use super::{Error, Index, MAX_ROWS, Publication, Query, Restriction, Result};

/// Rows of a key that are few at most: their studies are sorted rather than all studies walked.
const FEW: i64 = 6000;

/// How a database is to go about a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) backend: Backend,
    pub(super) way: Way,
    /// Whether a condition is asked of each row anew.
    pub(super) is_correlated: bool,
    /// What stands before the column of custodians, as [`Plan::sign`].
    pub(super) custodian_sign: &'static str,
    /// Which studies there are, by whether they are published.
    pub(super) publication: Option<Publication>,
}

/// Where rows come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// The database chooses. PostgreSQL keeps statistics and knows; SQLite is not asked for studies with keys.
    Free,
    /// From the group of keys with this number.
    From(usize),
    /// From all studies in their order, or those of a range of dates.
    Walk,
}

impl Plan {
    pub(super) fn new(backend: Backend) -> Self {
        Self {
            backend,
            way: Way::Free,
            is_correlated: false,
            custodian_sign: "",
            publication: None,
        }
    }

    /// The same for a condition that is asked of each row anew.
    pub(super) fn correlated(self) -> Self {
        Self {
            is_correlated: true,
            ..self
        }
    }

    /// What stands before a column: `+` keeps SQLite from using its index.
    pub(super) fn sign(&self) -> &'static str {
        if self.backend == Backend::Sqlite && (self.is_correlated || self.way != Way::Free) {
            "+"
        } else {
            ""
        }
    }

    /// What stands before the columns that studies are ordered by.
    pub(super) fn order_sign(&self) -> &'static str {
        match self.way {
            Way::From(_) => "+",
            Way::Free | Way::Walk => "",
        }
    }

    /// How it is asked whether there is a row. SQLite 3.51 makes a join of EXISTS, and then passes over joined rows instead
    /// of rows for an OFFSET; an expression it leaves alone.
    pub(super) fn exists(&self) -> &'static str {
        match self.backend {
            Backend::Sqlite => "+EXISTS",
            _ => "EXISTS",
        }
    }

    /// Joins tables in the order in which they are written; only SQLite is told.
    pub(super) fn join(&self) -> &'static str {
        if self.backend == Backend::Sqlite {
            "CROSS JOIN"
        } else {
            "JOIN"
        }
    }

    /// Whether rows are tested one by one.
    pub(super) fn is_tested(&self) -> bool {
        self.backend == Backend::Sqlite && self.way != Way::Free
    }
}

impl Index {
    /// Chooses the way to a page of rows.
    pub(super) async fn plan(&self, query: &Query, groups: &[Group<'_>]) -> Result<Plan> {
        let plan = Plan {
            publication: query.within.publication,
            ..self.way(query, groups).await?
        };
        if plan.backend != Backend::Sqlite || !query.within.has_custodians() {
            return Ok(plan);
        }
        // One custodian's studies and patients lie in the order of pages; series and instances are sorted where they are few.
        let is_one = query.within.custodians().len() == 1;
        let leads = match query.level {
            Level::Study => is_one && !matches!(plan.way, Way::From(_)),
            Level::Patient if is_one => groups.is_empty(),
            _ => groups.is_empty() && self.keep_few(&query.within).await?,
        };
        let custodian_sign = if leads { "" } else { "+" };
        Ok(Plan {
            custodian_sign,
            ..plan
        })
    }

    /// Whether custodians keep few studies.
    async fn keep_few(&self, within: &Restriction) -> Result<bool> {
        let mut sql = Sql::new("SELECT COUNT(*) FROM (SELECT 1 FROM studies WHERE instances > 0");
        within.and_custodian(&mut sql, "custodian");
        sql.push(" LIMIT ").bind(FEW + 1).push(") few");
        let row = sql.one(&self.readers).await?.ok_or(Error::Damaged("a count"))?;
        Ok(row.get::<i64>(0)? <= FEW)
    }

    async fn way(&self, query: &Query, groups: &[Group<'_>]) -> Result<Plan> {
        let free = Plan::new(self.readers.backend());
        if free.backend != Backend::Sqlite || query.level != Level::Study || groups.is_empty() {
            return Ok(free);
        }
        let way = |way| Ok(Plan { way, ..free });
        if let Some(certain) = groups.iter().position(is_few) {
            return way(Way::From(certain));
        }
        let few = self.few(query).await?;
        for (number, group) in groups.iter().enumerate() {
            if self.leaves_few(group, free, few).await? {
                return way(match group {
                    // Studies of few dates are walked.
                    Group::Own(key) if key.tag == tags::STUDY_DATE => Way::Walk,
                    _ => Way::From(number),
                });
            }
        }
        way(Way::Walk)
    }

    /// Chooses the way to all rows: a walk would test every study.
    pub(super) async fn plan_of_all(&self, query: &Query, groups: &[Group<'_>]) -> Result<Plan> {
        let plan = self.plan(query, groups).await?;
        let is_narrow = |group: &Group<'_>| !matches!(group, Group::Own(key) if key.tag == tags::STUDY_DATE);
        let has_dates = !groups.iter().all(is_narrow);
        match (plan.way, groups.iter().position(is_narrow)) {
            (Way::Walk, Some(first)) if !has_dates => {
                // The studies of a custodian who keeps few are walked.
                let is_short = query.within.has_custodians() && self.keep_few(&query.within).await?;
                let from = Plan {
                    way: Way::From(first),
                    custodian_sign: "+",
                    ..plan
                };
                Ok(if is_short { plan } else { from })
            }
            _ => Ok(plan),
        }
    }

    /// Up to how many rows of a key it is cheaper to sort their studies. Of `n` studies of which `m` match, a page of `p` is
    /// full after some `p * n / m` studies of a walk: as many as are to be sorted where `m` is the root of `p * n`.
    async fn few(&self, query: &Query) -> Result<i64> {
        let row = Sql::new("SELECT COALESCE(MAX(id), 0) FROM studies")
            .one(&self.readers)
            .await?;
        let studies: i64 = row.ok_or(Error::Damaged("a count"))?.get(0)?;
        let page = query.limit.unwrap_or(MAX_ROWS).saturating_add(query.offset);
        let page = i64::try_from(page.clamp(1, MAX_ROWS)).unwrap_or(1);
        Ok(studies.saturating_mul(page).isqrt().min(FEW))
    }

    async fn leaves_few(&self, group: &Group<'_>, plan: Plan, few: i64) -> Result<bool> {
        let mut sql = Sql::new("SELECT COUNT(*) FROM (");
        filter::found_by(&mut sql, group, plan)?;
        sql.push(" LIMIT ").bind(few + 1).push(") few");
        let row = sql.one(&self.readers).await?.ok_or(Error::Damaged("a count"))?;
        Ok(row.get::<i64>(0)? <= few)
    }
}

/// Whether keys leave few rows whatever the archive holds.
fn is_few(group: &Group<'_>) -> bool {
    let is_uid = |tag| attributes::attribute(tag).is_some_and(|attribute| attribute.kind == Kind::Uid);
    match group {
        Group::Own(key) if key.tag == tags::ACCESSION_NUMBER => matches!(key.matching, Match::Single(_)),
        Group::Own(key) => is_uid(key.tag),
        Group::Identifiers(keys) => {
            let is_whole = |matching: &Match| matches!(matching, Match::Single(_));
            keys.iter()
                .any(|key| key.tag == tags::PATIENT_ID && is_whole(&key.matching))
        }
        Group::Below(keys) => {
            let mut keys = keys.iter();
            keys.any(|key| is_uid(key.tag) && key.tag != tags::SOP_CLASS_UID)
        }
    }
}
