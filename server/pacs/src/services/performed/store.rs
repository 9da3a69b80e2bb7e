//! The table of performed procedure steps.

use database::{Connection, Value};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use crate::clock::now_ns;
use crate::dicomweb::compact;
use crate::events::{Event, Kind};
use crate::index::{Change, Error, Index, Result, Sql};
use crate::orders::{State, text};

/// What a device reported.
#[derive(Debug, Clone, PartialEq)]
pub struct PerformedStep {
    /// SOP Instance UID.
    pub sop_uid: String,
    /// How far it is.
    pub state: State,
    /// All attributes, as they were last set.
    pub attributes: InMemDicomObject,
}

impl PerformedStep {
    /// The study of its first scheduled step.
    fn study_uid(&self) -> String {
        let items = self.attributes.get(tags::SCHEDULED_STEP_ATTRIBUTES_SEQUENCE);
        let first = items.and_then(|element| element.items()?.first());
        first.map_or_else(String::new, |item| text(item, tags::STUDY_INSTANCE_UID))
    }
}

/// Gives the steps that were reported of a study, in the order they began.
///
/// # Errors
///
/// [`Error::Database`].
pub async fn of_study(index: &Index, study_uid: &str) -> Result<Vec<PerformedStep>> {
    let mut sql = Sql::new("SELECT sop_uid, state, attributes FROM performed_steps WHERE study_uid = ");
    let rows = sql
        .bind(study_uid)
        .push(" ORDER BY id")
        .all(index.readers())
        .await?;
    rows.iter().map(step).collect()
}

pub(super) async fn read(connection: &impl Connection, sop_uid: &str) -> Result<Option<PerformedStep>> {
    let mut sql = Sql::new("SELECT sop_uid, state, attributes FROM performed_steps WHERE sop_uid = ");
    let row = sql.bind(sop_uid).one(connection).await?;
    row.as_ref().map(step).transpose()
}

/// Who reported a step, and its study.
pub(super) async fn origin(index: &Index, sop_uid: &str) -> Result<Option<(String, String)>> {
    let mut sql = Sql::new("SELECT created_by, study_uid FROM performed_steps WHERE sop_uid = ");
    let row = sql.bind(sop_uid).one(index.readers()).await?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

fn step(row: &database::Row) -> Result<PerformedStep> {
    let damaged = || Error::Damaged("a performed step");
    let text = |at| row.get::<String>(at);
    Ok(PerformedStep {
        sop_uid: text(0)?,
        state: State::from_text(&text(1)?).ok_or_else(damaged)?,
        attributes: compact::read(&text(2)?).ok_or_else(damaged)?,
    })
}

pub(super) async fn insert(change: &Change, step: &PerformedStep, actor: &str) -> Result<()> {
    let at_ns = now_ns();
    let values: [Value; 7] = [
        step.sop_uid.as_str().into(),
        step.state.as_str().into(),
        step.study_uid().into(),
        actor.into(),
        at_ns.into(),
        at_ns.into(),
        compact::write(&step.attributes).into(),
    ];
    let mut sql = Sql::new(
        "INSERT INTO performed_steps (sop_uid, state, study_uid, created_by, created_ns, changed_ns, attributes) \
         VALUES (",
    );
    sql.bind_all(values).push(")").run(&**change).await?;
    change.record(&event(step, actor)).await
}

pub(super) async fn update(change: &Change, step: &PerformedStep, actor: &str) -> Result<()> {
    let mut sql = Sql::new("UPDATE performed_steps SET state = ");
    sql.bind(step.state.as_str())
        .push(", changed_ns = ")
        .bind(now_ns());
    sql.push(", attributes = ").bind(compact::write(&step.attributes));
    sql.push(" WHERE sop_uid = ").bind(step.sop_uid.as_str());
    sql.run(&**change).await?;
    change.record(&event(step, actor)).await
}

fn event(step: &PerformedStep, actor: &str) -> Event {
    let detail = serde_json::json!({ "state": step.state.as_str() });
    Event {
        study_uid: Some(step.study_uid()),
        sop_uid: Some(step.sop_uid.clone()),
        detail: Some(detail.to_string()),
        ..Event::new(Kind::Performed, actor, now_ns())
    }
}
