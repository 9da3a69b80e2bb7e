//! The archive's questions answered by the platform: who may do what with which studies, and the record of every look.
//!
//! People are judged by the permission core; programs by it too, by what their token is for and by what the person may in
//! whose name they ask ([`crate::clients`]); applications of the network, gateways and tokens of the file by their own
//! entries, whose words the core judges as well. Which studies are there for somebody is a matter of custody: those of
//! the active organisation, of the examination categories of the role, and published, unless the role sees what is not; all
//! others do not exist.

#[cfg(test)]
pub(crate) mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use database::Sql;
use journal::Entry;
use pacs::access::{self, Authorize, Context, Custody, Failed, Principal, Restriction, TokenFile};
use pacs::events::Boxed;
use pacs::index::Publication;
use pacs::services::applications::Applications;

use crate::clock::MINUTE_NS;
use crate::permissions::{Action, Circumstances, Hours, Machine, Permission, Person, Resource, Study, Who};
use crate::{Platform, Result, clients, publishing};

/// Looks at one study by one principal within this time are one entry: a viewer asks for thousands of frames.
const ONE_LOOK_NS: i64 = 15 * MINUTE_NS;
/// Looks that are remembered at most.
const REMEMBERED: usize = 100_000;

/// The words of policies for what the archive does.
const WORDS: [(access::Action, &str); 8] = [
    (access::Action::Find, "find"),
    (access::Action::Retrieve, "retrieve"),
    (access::Action::Export, "export"),
    (access::Action::Store, "store"),
    (access::Action::Schedule, "schedule"),
    (access::Action::Correct, "correct"),
    (access::Action::Deliver, "deliver"),
    (access::Action::Watch, "watch"),
];

/// The guard of an archive; clones share what they remember.
#[derive(Debug, Clone)]
pub struct Guard(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    platform: Platform,
    tokens: TokenFile,
    applications: Applications,
    looks: Mutex<HashMap<(String, access::Action, String), i64>>,
}

impl Guard {
    /// Over the platform, the file of tokens, and the applications that may associate.
    #[must_use]
    pub fn new(platform: Platform, tokens: TokenFile, applications: Applications) -> Self {
        Self(Arc::new(Shared {
            platform,
            tokens,
            applications,
            looks: Mutex::default(),
        }))
    }

    /// What the core says.
    async fn judge(
        &self,
        who: &Principal,
        action: access::Action,
        study_uid: Option<&str>,
    ) -> Result<bool, Failed> {
        let wanted = match action {
            access::Action::Find => Action::StudyFind,
            access::Action::Retrieve => Action::StudyView,
            access::Action::Export => Action::StudyExport,
            access::Action::Store => Action::StudySend,
            access::Action::Schedule => Action::StudySchedule,
            access::Action::Correct => Action::StudyCorrect,
            access::Action::Deliver => Action::StudyDeliver,
            access::Action::Watch => Action::MonitoringView,
            // What a later archive can do, nobody may yet.
            _ => return Ok(false),
        };
        let study = Study::default();
        let resource = match wanted {
            Action::MonitoringView => Resource::Platform,
            // Which studies there are is custody's matter: one of others is not refused, it is not there.
            _ => Resource::Study(&study),
        };
        let platform = &self.0.platform;
        let now = self.now();
        let permissions = platform.permissions();
        let person_may = async |person, organisation| {
            let person = person_of(platform, person, organisation)
                .await
                .map_err(Failed::new)?;
            Ok(person.is_some_and(|person| permissions.may(&Who::Person(&person), wanted, &resource, now)))
        };
        match who {
            Principal::Person { person, organisation } => person_may(*person, *organisation).await,
            Principal::Client {
                organisation,
                person,
                may,
                study_uid: only,
                ..
            } => {
                let machine = Machine {
                    name: who.actor(),
                    organisation: Some(*organisation),
                    may: WORDS
                        .iter()
                        .filter(|(action, _)| may.contains(action))
                        .map(|(_, word)| (*word).to_owned())
                        .collect(),
                    study: only.clone(),
                };
                // A token of one study is asked about that study, as one of its organisation: whether it is, custody says.
                let one = Study {
                    study_uid: study_uid
                        .filter(|_| only.is_some())
                        .unwrap_or_default()
                        .to_owned(),
                    custodian: Some(*organisation),
                    modalities: Vec::new(),
                };
                let about = match resource {
                    Resource::Study(_) => Resource::Study(&one),
                    other => other,
                };
                let is_within = permissions.may(&Who::Machine(&machine), wanted, &about, now);
                // A program does what its token is for, and no more than the person may in whose name it does.
                match person {
                    Some(person) if is_within => person_may(*person, *organisation).await,
                    _ => Ok(is_within),
                }
            }
            other => {
                let machine = Machine {
                    name: other.actor(),
                    organisation: None,
                    may: self.words(other).await?,
                    study: None,
                };
                Ok(permissions.may(&Who::Machine(&machine), wanted, &resource, now))
            }
        }
    }

    /// The circumstances of what is asked.
    fn now(&self) -> Circumstances {
        let platform = &self.0.platform;
        let zone = platform.settings().zone;
        Circumstances {
            minute_of_week: zone.minute_of_week(platform.clock().now_ns()),
            // Whoever needs a second factor from outside has shown one, or is not known to the archive at all.
            is_inside: true,
        }
    }

    /// Whether only what is published is there for somebody (NM-25).
    async fn publication(
        &self,
        person: Option<&Person>,
        organisation: i64,
    ) -> Result<Option<Publication>, Failed> {
        let platform = &self.0.platform;
        let study = Study::default();
        let sees_all = person.is_some_and(|person| {
            let (who, about) = (Who::Person(person), Resource::Study(&study));
            let permissions = platform.permissions();
            permissions.may(&who, Action::StudyUnpublished, &about, self.now())
        });
        if sees_all {
            return Ok(None);
        }
        let published = publishing::published_now(platform, organisation).await;
        Ok(Some(published.map_err(Failed::new)?))
    }

    /// The words of what the entry of a machine says.
    async fn words(&self, who: &Principal) -> Result<Vec<String>, Failed> {
        let mut words = Vec::new();
        for (action, word) in WORDS {
            let may = match who {
                Principal::Token(_) => self.0.tokens.may(who, action, None).await?,
                Principal::Application(_) => self.0.applications.may(who, action, None).await?,
                // A gateway, or a site's upload code, delivers and nothing else.
                Principal::Device(_) => action == access::Action::Deliver,
                _ => false,
            };
            if may {
                words.push(word.to_owned());
            }
        }
        Ok(words)
    }

    /// Whether a look is one that is not recorded yet.
    fn is_new(&self, who: &Principal, action: access::Action, study_uid: &str, now_ns: i64) -> bool {
        let mut looks = self.0.looks.lock().unwrap_or_else(PoisonError::into_inner);
        if looks.len() >= REMEMBERED {
            looks.retain(|_, at_ns| now_ns - *at_ns < ONE_LOOK_NS);
        }
        let key = (who.actor(), action, study_uid.to_owned());
        looks.get(&key).is_none_or(|at_ns| now_ns - *at_ns >= ONE_LOOK_NS)
    }

    fn remember(&self, who: &Principal, action: access::Action, study_uid: &str, now_ns: i64) {
        let mut looks = self.0.looks.lock().unwrap_or_else(PoisonError::into_inner);
        if looks.len() < REMEMBERED {
            looks.insert((who.actor(), action, study_uid.to_owned()), now_ns);
        }
    }

    fn entry(
        &self,
        kind: &'static str,
        who: &Principal,
        study_uid: Option<&str>,
        context: &Context,
    ) -> Entry {
        let organisation = match who {
            Principal::Person { organisation, .. } | Principal::Client { organisation, .. } => {
                Some(*organisation)
            }
            _ => None,
        };
        Entry {
            organisation,
            study_uid: study_uid.map(str::to_owned),
            address: context.address.map(|address| address.to_string()),
            request: context.request.clone(),
            detail: context
                .way
                .as_ref()
                .map(|way| serde_json::json!({ "way": way }).to_string()),
            ..Entry::new(kind, who.actor(), self.0.platform.clock().now_ns())
        }
    }
}

/// A person as a member of an organisation, as far as permissions are concerned.
async fn person_of(platform: &Platform, account: i64, organisation: i64) -> Result<Option<Person>> {
    let mut sql = Sql::new(
        "SELECT r.permissions, r.categories, r.hours FROM memberships m JOIN people p ON p.id = m.person \
         JOIN roles r ON r.id = m.role JOIN organisations o ON o.id = m.organisation \
         WHERE m.state = 'active' AND p.state = 'active' AND o.state = 'active' AND r.removed_ns IS NULL AND m.person = ",
    );
    sql.bind(account)
        .push(" AND m.organisation = ")
        .bind(organisation);
    let Some(row) = sql.one(platform.readers()).await? else {
        return Ok(None);
    };
    let (permissions, categories, hours): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
    Ok(Some(Person {
        account,
        organisations: vec![organisation],
        organisation: Some(organisation),
        permissions: Permission::from_json(&permissions),
        categories: serde_json::from_str(&categories).unwrap_or_default(),
        hours: serde_json::from_str::<Hours>(&hours).unwrap_or_default(),
        // Sessions that lack what they need have no principal ([`crate::sessions::Signed::principal`]).
        has_second_factor: true,
        ..Person::default()
    }))
}

impl Authorize for Guard {
    fn bearer<'a>(
        &'a self,
        token: &'a str,
        context: &'a Context,
    ) -> Boxed<'a, Result<Option<Principal>, Failed>> {
        Box::pin(async move {
            match self.0.tokens.holder(token) {
                Some(holder) => Ok(Some(holder)),
                None => clients::principal(&self.0.platform, token, context)
                    .await
                    .map_err(Failed::new),
            }
        })
    }

    fn may<'a>(
        &'a self,
        who: &'a Principal,
        action: access::Action,
        study_uid: Option<&'a str>,
    ) -> Boxed<'a, Result<bool, Failed>> {
        Box::pin(self.judge(who, action, study_uid))
    }

    fn scope<'a>(&'a self, who: &'a Principal) -> Boxed<'a, Result<Restriction, Failed>> {
        Box::pin(async move {
            match who {
                Principal::Person { person, organisation }
                | Principal::Client {
                    person: Some(person),
                    organisation,
                    ..
                } => {
                    let found = person_of(&self.0.platform, *person, *organisation)
                        .await
                        .map_err(Failed::new)?;
                    let publication = self.publication(found.as_ref(), *organisation).await?;
                    let categories = found.map(|person| person.categories).unwrap_or_default();
                    Ok(Restriction {
                        custody: Custody::Of(vec![*organisation]),
                        modalities: (!categories.is_empty()).then_some(categories),
                        publication,
                    })
                }
                // A token of one study is for showing it to somebody; a program that asks by itself works for the organisation.
                Principal::Client {
                    organisation,
                    study_uid,
                    ..
                } => Ok(Restriction {
                    publication: match study_uid {
                        Some(_) => self.publication(None, *organisation).await?,
                        None => None,
                    },
                    ..Restriction::of(vec![*organisation])
                }),
                Principal::Token(_) => Ok(Restriction::NONE),
                other => self.0.applications.scope(other).await,
            }
        })
    }

    fn custodian<'a>(&'a self, who: &'a Principal) -> Boxed<'a, Result<Option<i64>, Failed>> {
        Box::pin(async move {
            match who {
                Principal::Person { organisation, .. } | Principal::Client { organisation, .. } => {
                    Ok(Some(*organisation))
                }
                Principal::Token(_) => Ok(None),
                other => self.0.applications.custodian(other).await,
            }
        })
    }

    fn seen<'a>(
        &'a self,
        who: &'a Principal,
        action: access::Action,
        study_uid: Option<&'a str>,
        context: &'a Context,
    ) -> Boxed<'a, Result<(), Failed>> {
        Box::pin(async move {
            let now_ns = self.0.platform.clock().now_ns();
            if study_uid.is_some_and(|study_uid| !self.is_new(who, action, study_uid, now_ns)) {
                return Ok(());
            }
            let kind = match action {
                access::Action::Find => "study.found",
                access::Action::Export => "study.exported",
                _ => "study.read",
            };
            let entry = self.entry(kind, who, study_uid, context);
            self.0
                .platform
                .recorder()
                .record(entry)
                .await
                .map_err(Failed::new)?;
            if let Some(study_uid) = study_uid {
                self.remember(who, action, study_uid, now_ns);
            }
            Ok(())
        })
    }

    fn refused<'a>(
        &'a self,
        who: &'a Principal,
        action: access::Action,
        study_uid: Option<&'a str>,
        context: &'a Context,
    ) -> Boxed<'a, Result<(), Failed>> {
        Box::pin(async move {
            let mut entry = self.entry("access.refused", who, study_uid, context);
            entry.detail =
                Some(serde_json::json!({ "action": format!("{action:?}"), "way": context.way }).to_string());
            self.0
                .platform
                .recorder()
                .record(entry)
                .await
                .map_err(Failed::new)
        })
    }
}
