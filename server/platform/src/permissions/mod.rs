//! The permission core: may this principal do this to that, now? One question ([`Permissions::may`]), asked once by every
//! handler of pages, API, DICOMweb, DIMSE, render stream and WebSocket alike.
//!
//! Policies are Cedar (`policies/*.cedar`), checked against a schema when the server starts. Who asks and what it is done
//! to are put together from the database at each request, so what an administrator changes holds with the next request.
//! What a member may is what the role in the active organisation holds ([`Permission`]), within the bounds that some
//! policies forbid: working hours, second factor, unverified doctors, the three separated administrators.

mod action;
mod decided;
mod hours;
mod permission;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::str::FromStr as _;
use std::sync::Arc;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, Request,
    RestrictedExpression, Schema, ValidationMode, Validator,
};

pub use action::Action;
use decided::Decided;
pub use hours::{Hours, Window};
pub use permission::{Kind, Permission};

const SCHEMA: &str = include_str!("policies/schema.cedarschema");
/// The policies, a file a matter.
pub(crate) const POLICIES: &[&str] = &[
    include_str!("policies/own.cedar"),
    include_str!("policies/organisation.cedar"),
    include_str!("policies/platform.cedar"),
    include_str!("policies/studies.cedar"),
    include_str!("policies/machines.cedar"),
    include_str!("policies/bounds.cedar"),
];

/// Who asks.
#[derive(Debug, Clone, PartialEq)]
pub enum Who<'a> {
    /// Nobody that is known.
    Anyone,
    /// A person who is signed in.
    Person(&'a Person),
    /// An application of the hospital's network, a gateway, a token or a client of the API.
    Machine(&'a Machine),
}

/// A person, as far as permissions are concerned, in the organisation that is active.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Person {
    /// The account.
    pub account: i64,
    /// Organisations that the person is a member of.
    pub organisations: Vec<i64>,
    /// The active organisation.
    pub organisation: Option<i64>,
    /// What the role there holds.
    pub permissions: Vec<Permission>,
    /// Examination categories (modalities) that the role is for; empty for all.
    pub categories: Vec<String>,
    /// When the role holds; empty for always.
    pub hours: Hours,
    /// Whether the practising certificate was verified.
    pub is_verified: bool,
    /// Whether there is a signature: the person's own, or a fixed one.
    pub has_signature: bool,
    /// Whether the password must be changed first.
    pub must_change_password: bool,
    /// Whether a second factor was shown in this session.
    pub has_second_factor: bool,
}

/// A machine, as far as permissions are concerned.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Machine {
    /// Its name, with the kind before it.
    pub name: String,
    /// The organisation it belongs to; none sees all.
    pub organisation: Option<i64>,
    /// Words of the actions that it may.
    pub may: Vec<String>,
    /// The one study that it is for, where it is for one.
    pub study: Option<String>,
}

/// What it is done to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Resource<'a> {
    /// A person's own matter.
    Account(i64),
    /// What belongs to an organisation.
    Organisation(i64),
    /// What belongs to the platform as a whole.
    Platform,
    /// Old entries of the journal that somebody asked to remove.
    Removal {
        /// The account that asked; 0 for none.
        asked_by: i64,
    },
    /// A study.
    Study(&'a Study),
}

/// A study, as far as permissions are concerned.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Study {
    /// Study Instance UID; empty for studies in general.
    pub study_uid: String,
    /// The organisation that it belongs to.
    pub custodian: Option<i64>,
    /// Its modalities.
    pub modalities: Vec<String>,
}

/// What the answer depends on beside who and what.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Circumstances {
    /// Minutes since Monday, 00:00, where the site is.
    pub minute_of_week: u32,
    /// Whether the request comes from inside the hospital.
    pub is_inside: bool,
}

/// The policies, ready to be asked; clones share them.
#[derive(Debug, Clone)]
pub struct Permissions(Arc<Loaded>);

#[derive(Debug)]
struct Loaded {
    policies: PolicySet,
    schema: Schema,
    actions: Entities,
    decided: Decided,
}

impl Permissions {
    /// Reads the policies and checks them against the schema.
    ///
    /// # Errors
    ///
    /// What is wrong with them; a test asks too.
    pub fn load() -> anyhow::Result<Self> {
        Self::of(&POLICIES.concat())
    }

    pub(crate) fn of(text: &str) -> anyhow::Result<Self> {
        let (schema, _) = Schema::from_cedarschema_str(SCHEMA)?;
        let policies = PolicySet::from_str(text)?;
        let found = Validator::new(schema.clone()).validate(&policies, ValidationMode::Strict);
        if let Some(error) = found.validation_errors().next() {
            anyhow::bail!("a policy does not fit the schema: {error}");
        }
        let actions = schema.action_entities()?;
        Ok(Self(Arc::new(Loaded {
            policies,
            schema,
            actions,
            decided: Decided::default(),
        })))
    }

    /// Whether it may be done. What cannot be asked may not be done.
    #[must_use]
    pub fn may(&self, who: &Who<'_>, action: Action, resource: &Resource<'_>, now: Circumstances) -> bool {
        // Of the time of the week only this is asked.
        let is_on_duty = match who {
            Who::Person(person) => person.hours.contain(now.minute_of_week),
            Who::Anyone | Who::Machine(_) => true,
        };
        let inside = now.is_inside;
        let asked = format!("{action:?} {resource:?} {who:?} {is_on_duty} {inside}");
        let ask = || self.ask(who, action, resource, now);
        self.0.decided.or_ask(asked, ask).unwrap_or_else(|error| {
            tracing::error!(%error, action = action.word(), "a permission cannot be asked");
            false
        })
    }

    fn ask(
        &self,
        who: &Who<'_>,
        action: Action,
        resource: &Resource<'_>,
        now: Circumstances,
    ) -> anyhow::Result<bool> {
        let principal = principal(who, now)?;
        let thing = thing(resource)?;
        let context = context(who, now)?;
        let request = Request::new(
            principal.uid(),
            uid("Action", action.word()),
            thing.uid(),
            context,
            // The schema is held to the policies when they are loaded; what is built here is held to it by the tests.
            cfg!(test).then_some(&self.0.schema),
        )?;
        let entities = self.0.actions.clone();
        let entities = entities.add_entities([principal, thing], cfg!(test).then_some(&self.0.schema))?;
        let response = Authorizer::new().is_authorized(&request, &self.0.policies, &entities);
        for error in response.diagnostics().errors() {
            tracing::error!(%error, "a policy failed");
        }
        // A policy that fails neither permits nor forbids; that it would have forbidden cannot be ruled out.
        let is_sound = response.diagnostics().errors().next().is_none();
        Ok(is_sound && response.decision() == Decision::Allow)
    }
}

fn principal(who: &Who<'_>, now: Circumstances) -> anyhow::Result<Entity> {
    let attributes = match who {
        Who::Anyone => return Ok(Entity::with_uid(uid("Anyone", "anyone"))),
        Who::Person(person) => [
            ("account", reference("Account", person.account)),
            ("organisations", organisations(&person.organisations)),
            // A member of none is active in one that does not exist.
            (
                "organisation",
                reference("Organisation", person.organisation.unwrap_or(0)),
            ),
            (
                "permissions",
                words(person.permissions.iter().map(|permission| permission.word())),
            ),
            ("categories", words(person.categories.iter().map(String::as_str))),
            ("is_on_duty", truth(person.hours.contain(now.minute_of_week))),
            ("is_verified", truth(person.is_verified)),
            ("has_signature", truth(person.has_signature)),
            ("must_change_password", truth(person.must_change_password)),
            ("has_second_factor", truth(person.has_second_factor)),
            (
                "is_administrator",
                truth(
                    person
                        .permissions
                        .iter()
                        .any(|permission| permission.is_administrative()),
                ),
            ),
        ]
        .to_vec(),
        Who::Machine(machine) => [
            ("may", words(machine.may.iter().map(String::as_str))),
            ("sees_all", truth(machine.organisation.is_none())),
            (
                "organisation",
                reference("Organisation", machine.organisation.unwrap_or(0)),
            ),
            ("sees_all_studies", truth(machine.study.is_none())),
            ("study", string(machine.study.as_deref().unwrap_or(""))),
        ]
        .to_vec(),
    };
    let id = match who {
        Who::Person(person) => uid("Person", &person.account.to_string()),
        Who::Machine(machine) => uid("Machine", &machine.name),
        Who::Anyone => uid("Anyone", "anyone"),
    };
    entity(id, attributes)
}

fn thing(resource: &Resource<'_>) -> anyhow::Result<Entity> {
    match resource {
        Resource::Account(account) => entity(uid("Account", &account.to_string()), Vec::new()),
        Resource::Organisation(organisation) => {
            entity(uid("Organisation", &organisation.to_string()), Vec::new())
        }
        Resource::Platform => entity(uid("Platform", "platform"), Vec::new()),
        Resource::Removal { asked_by } => entity(
            uid("Removal", "removal"),
            vec![("asked_by", reference("Account", *asked_by))],
        ),
        Resource::Study(study) => entity(
            uid("Study", &study.study_uid),
            vec![
                ("is_one", truth(!study.study_uid.is_empty())),
                ("study_uid", string(&study.study_uid)),
                ("has_custodian", truth(study.custodian.is_some())),
                (
                    "custodian",
                    reference("Organisation", study.custodian.unwrap_or(0)),
                ),
                ("modalities", words(study.modalities.iter().map(String::as_str))),
            ],
        ),
    }
}

fn context(who: &Who<'_>, now: Circumstances) -> anyhow::Result<Context> {
    let is_signed = matches!(who, Who::Person(_));
    let pairs = [
        ("is_inside", truth(now.is_inside)),
        ("is_signed_in", truth(is_signed)),
    ];
    Ok(Context::from_pairs(
        pairs.map(|(name, value)| (name.to_owned(), value)),
    )?)
}

fn entity(id: EntityUid, attributes: Vec<(&str, RestrictedExpression)>) -> anyhow::Result<Entity> {
    let attributes: HashMap<String, RestrictedExpression> = attributes
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    Ok(Entity::new(id, attributes, HashSet::new())?)
}

fn uid(kind: &str, id: &str) -> EntityUid {
    let kind = EntityTypeName::from_str(kind).expect("the kinds are words of the schema");
    EntityUid::from_type_name_and_id(kind, EntityId::new(id))
}

fn reference(kind: &str, id: i64) -> RestrictedExpression {
    RestrictedExpression::new_entity_uid(uid(kind, &id.to_string()))
}

fn organisations(ids: &[i64]) -> RestrictedExpression {
    RestrictedExpression::new_set(ids.iter().map(|id| reference("Organisation", *id)))
}

fn words<'a>(words: impl Iterator<Item = &'a str>) -> RestrictedExpression {
    RestrictedExpression::new_set(words.map(string))
}

fn string(text: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(text.to_owned())
}

fn truth(value: bool) -> RestrictedExpression {
    RestrictedExpression::new_bool(value)
}
