//! An authority for tests: people of organisations, what they saw and what was refused to them.

use std::sync::Mutex;

use crate::access::{Action, Authorize, Context, Failed, Principal, Restriction};
use crate::events::Boxed;

/// People of organisations, by tokens that are the organisation's number; `site` sees everything.
#[derive(Debug, Default)]
pub(super) struct Organisations {
    pub(super) forbidden: Vec<Action>,
    pub(super) is_broken: bool,
    pub(super) seen: Mutex<Vec<String>>,
    pub(super) refused: Mutex<Vec<String>>,
}

fn organisation(who: &Principal) -> Option<i64> {
    match who {
        Principal::Person { organisation, .. } | Principal::Client { organisation, .. } => {
            Some(*organisation)
        }
        _ => None,
    }
}

fn words(who: &Principal, action: Action, study_uid: Option<&str>, context: &Context) -> String {
    let (study_uid, way) = (study_uid.unwrap_or("-"), context.way.as_deref().unwrap_or("-"));
    format!("{} {action:?} {study_uid} {way}", who.actor())
}

impl Authorize for Organisations {
    fn bearer<'a>(
        &'a self,
        token: &'a str,
        _context: &'a Context,
    ) -> Boxed<'a, Result<Option<Principal>, Failed>> {
        let known = match token.parse() {
            Ok(organisation) => Some(Principal::Person {
                person: organisation * 10,
                organisation,
            }),
            Err(_) => (token == "site").then_some(Principal::Anyone),
        };
        Box::pin(async move {
            match (self.is_broken, known) {
                (true, None) => Err(Failed::new("tokens cannot be looked up")),
                (_, known) => Ok(known),
            }
        })
    }

    fn may<'a>(
        &'a self,
        _who: &'a Principal,
        action: Action,
        _study_uid: Option<&'a str>,
    ) -> Boxed<'a, Result<bool, Failed>> {
        Box::pin(async move { Ok(!self.forbidden.contains(&action)) })
    }

    fn scope<'a>(&'a self, who: &'a Principal) -> Boxed<'a, Result<Restriction, Failed>> {
        let scope = organisation(who).map_or(Restriction::NONE, |number| Restriction::of(vec![number]));
        Box::pin(async move { Ok(scope) })
    }

    fn custodian<'a>(&'a self, who: &'a Principal) -> Boxed<'a, Result<Option<i64>, Failed>> {
        Box::pin(async move { Ok(organisation(who)) })
    }

    fn seen<'a>(
        &'a self,
        who: &'a Principal,
        action: Action,
        study_uid: Option<&'a str>,
        context: &'a Context,
    ) -> Boxed<'a, Result<(), Failed>> {
        Box::pin(async move {
            if self.is_broken {
                return Err(Failed::new("the journal is full"));
            }
            let words = words(who, action, study_uid, context);
            self.seen.lock().unwrap().push(words);
            Ok(())
        })
    }

    fn refused<'a>(
        &'a self,
        who: &'a Principal,
        action: Action,
        study_uid: Option<&'a str>,
        context: &'a Context,
    ) -> Boxed<'a, Result<(), Failed>> {
        Box::pin(async move {
            let words = words(who, action, study_uid, context);
            self.refused.lock().unwrap().push(words);
            Ok(())
        })
    }
}
