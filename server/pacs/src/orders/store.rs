//! The table of orders.

use database::Value;
use dicom_dictionary_std::tags;

use super::{Error, Filter, OrderSource, Progress, Reference, Result, State, Step};
use crate::clock::now_ns;
use crate::dicomweb::compact;
use crate::events::{Boxed, Event, Kind};
use crate::index::{self, Change, Index, Restriction, Sql, time_form};

/// Orders in a table of the index's database; clones share it.
#[derive(Debug, Clone)]
pub struct OrderTable {
    index: Index,
}

impl OrderTable {
    /// The orders beside an index.
    #[must_use]
    pub fn new(index: Index) -> Self {
        Self { index }
    }

    /// Adds orders, of an organisation where there are any: all or none.
    ///
    /// # Errors
    ///
    /// [`Error::Duplicate`] names the step that is there already.
    pub async fn add(&self, steps: &[Step], actor: &str, custodian: Option<i64>) -> Result<()> {
        let change = self.index.begin().await?;
        for step in steps {
            insert(&change, step, actor, custodian).await?;
        }
        Ok(change.commit().await?)
    }

    /// Brings a step that is there for who does it into a state by hand.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`], [`Error::Refused`].
    pub async fn set_state(
        &self,
        step_id: &str,
        state: State,
        within: &Restriction,
        actor: &str,
    ) -> Result<()> {
        let change = self.index.begin().await?;
        let filter = Filter {
            step_id: Some(step_id.to_owned()),
            within: within.clone(),
            limit: 1,
            ..Filter::default()
        };
        if statement(&filter).one(&*change).await?.is_none() {
            return Err(Error::Unknown(step_id.to_owned()));
        }
        let (study_uid, found) =
            (state_of(&change, step_id).await?).ok_or_else(|| Error::Unknown(step_id.to_owned()))?;
        let state = found.next(state.reached_by())?;
        update(&change, step_id, &study_uid, state, actor).await?;
        Ok(change.commit().await?)
    }
}

async fn insert(change: &Change, step: &Step, actor: &str, custodian: Option<i64>) -> Result<()> {
    if state_of(change, &step.id).await?.is_some() {
        return Err(Error::Duplicate(step.id.clone()));
    }
    let study_uid = super::text(&step.item, tags::STUDY_INSTANCE_UID);
    let start_time = time_form(&step.of_step(tags::SCHEDULED_PROCEDURE_STEP_START_TIME));
    let at_ns = now_ns();
    let values: [Value; 11] = [
        step.id.as_str().into(),
        step.state.as_str().into(),
        study_uid.as_str().into(),
        step.of_step(tags::MODALITY).into(),
        format!("\\{}\\", step.of_step(tags::SCHEDULED_STATION_AE_TITLE)).into(),
        index::date_form(&step.of_step(tags::SCHEDULED_PROCEDURE_STEP_START_DATE)).into(),
        start_time.unwrap_or_default().into(),
        at_ns.into(),
        at_ns.into(),
        compact::write(&step.item).into(),
        custodian.into(),
    ];
    let mut sql = Sql::new(
        "INSERT INTO orders (step_id, state, study_uid, modality, station, start_date, start_time, created_ns, \
         changed_ns, item, custodian) VALUES (",
    );
    sql.bind_all(values).push(")").run(&**change).await?;
    let event = event(Kind::OrderAdded, &step.id, &study_uid, step.state, actor);
    Ok(change.record(&event).await?)
}

/// The study and the state of a step.
async fn state_of(change: &Change, step_id: &str) -> Result<Option<(String, State)>> {
    let mut sql = Sql::new("SELECT study_uid, state FROM orders WHERE step_id = ");
    let row = sql.bind(step_id).one(&**change).await?;
    row.map(|row| {
        let word: String = row.get(1).map_err(index::Error::from)?;
        let state = State::from_text(&word).ok_or(index::Error::Damaged("an order"))?;
        Ok((row.get(0).map_err(index::Error::from)?, state))
    })
    .transpose()
}

async fn update(change: &Change, step_id: &str, study_uid: &str, state: State, actor: &str) -> Result<()> {
    let mut sql = Sql::new("UPDATE orders SET state = ");
    sql.bind(state.as_str()).push(", changed_ns = ").bind(now_ns());
    sql.push(" WHERE step_id = ").bind(step_id).run(&**change).await?;
    let event = event(Kind::OrderMoved, step_id, study_uid, state, actor);
    Ok(change.record(&event).await?)
}

fn event(kind: Kind, step_id: &str, study_uid: &str, state: State, actor: &str) -> Event {
    let detail = serde_json::json!({ "step": step_id, "state": state.as_str() });
    Event {
        study_uid: Some(study_uid.to_owned()),
        detail: Some(detail.to_string()),
        ..Event::new(kind, actor, now_ns())
    }
}

impl OrderSource for OrderTable {
    fn find<'a>(&'a self, filter: &'a Filter) -> Boxed<'a, Result<Vec<(i64, Step)>>> {
        Box::pin(async move {
            let rows = statement(filter).all(self.index.readers()).await?;
            rows.iter().map(step).collect()
        })
    }

    fn progress<'a>(
        &'a self,
        change: &'a Change,
        reference: &'a Reference,
        progress: Progress,
        actor: &'a str,
    ) -> Boxed<'a, Result<Option<State>>> {
        Box::pin(async move {
            let Some((study_uid, found)) = state_of(change, &reference.step_id).await? else {
                return Ok(None);
            };
            let next = found.next(progress).ok();
            let next = next.filter(|next| study_uid == reference.study_uid && *next != found);
            if let Some(state) = next {
                update(change, &reference.step_id, &study_uid, state, actor).await?;
            }
            Ok(next)
        })
    }
}

fn statement(filter: &Filter) -> Sql {
    let mut sql = Sql::new("SELECT id, step_id, state, item FROM orders WHERE id > ");
    sql.bind(filter.after.unwrap_or(0));
    let (from, to) = &filter.dates;
    for (condition, value) in [
        (" AND start_date >= ", Some(from)),
        (" AND start_date <= ", Some(to)),
        (" AND modality = ", filter.modality.as_ref()),
        (" AND step_id = ", filter.step_id.as_ref()),
    ] {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            sql.push(condition).bind(value.as_str());
        }
    }
    if let Some(station) = &filter.station {
        // What stands between two backslashes, so that no title is found within another.
        let escaped = station.replace('!', "!!").replace('%', "!%").replace('_', "!_");
        sql.push(" AND station LIKE ")
            .bind(format!("%\\{escaped}\\%"))
            .push(" ESCAPE '!'");
    }
    if !filter.states.is_empty() {
        let words = filter.states.iter().map(|state| state.as_str());
        sql.push(" AND state IN (").bind_all(words).push(")");
    }
    filter.within.and_custodian(&mut sql, "custodian");
    if let Some(modalities) = &filter.within.modalities {
        sql.push(" AND modality IN (")
            .bind_all(modalities.iter().map(String::as_str))
            .push(")");
    }
    sql.push(" ORDER BY id LIMIT ").bind(i64::from(filter.limit));
    sql
}

fn step(row: &database::Row) -> Result<(i64, Step)> {
    let damaged = || Error::Index(index::Error::Damaged("an order"));
    let text = |at| row.get::<String>(at).map_err(index::Error::from);
    let step = Step {
        id: text(1)?,
        state: State::from_text(&text(2)?).ok_or_else(damaged)?,
        item: compact::read(&text(3)?).ok_or_else(damaged)?,
    };
    Ok((row.get(0).map_err(index::Error::from)?, step))
}
