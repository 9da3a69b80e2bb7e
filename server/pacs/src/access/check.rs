//! The one check: whether it may be done, whether the study is there for who asks, and the record of it.

use super::{Action, Authorize, Context, Failed, Principal, Restriction};
use crate::index::{self, Index};

/// Why nothing is given.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// They may not do this.
    #[error("not allowed")]
    NotAllowed,
    /// There is no such study, for them.
    #[error("not found")]
    NoSuchStudy,
    /// It cannot be told, or not recorded.
    #[error(transparent)]
    Failed(#[from] Failed),
    /// The index failed.
    #[error(transparent)]
    Index(#[from] index::Error),
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question<'a> {
    pub(crate) who: &'a Principal,
    pub(crate) action: Action,
    /// What it is recorded as, where patients are seen by it.
    pub(crate) look: Option<Action>,
    pub(crate) study_uid: Option<&'a str>,
    pub(crate) context: &'a Context,
}

impl<'a> Question<'a> {
    pub(crate) fn new(
        who: &'a Principal,
        action: Action,
        study_uid: Option<&'a str>,
        context: &'a Context,
    ) -> Self {
        Self {
            who,
            action,
            look: action.is_look().then_some(action),
            study_uid,
            context,
        }
    }
}

/// Asks, and records a look; gives the studies that the answer may be about.
pub(crate) async fn check(
    authorize: &dyn Authorize,
    index: &Index,
    question: Question<'_>,
) -> Result<Restriction, Refusal> {
    let restriction = allowed(authorize, index, question).await?;
    note_seen(authorize, question).await?;
    Ok(restriction)
}

/// As [`check`], for who records the look later, when it is known at what.
pub(crate) async fn allowed(
    authorize: &dyn Authorize,
    index: &Index,
    question: Question<'_>,
) -> Result<Restriction, Refusal> {
    let Question {
        who,
        action,
        study_uid,
        context,
        ..
    } = question;
    let judged = judge(authorize, index, question).await;
    if let Err(Refusal::NotAllowed | Refusal::NoSuchStudy) = &judged {
        tracing::warn!(who = who.actor(), ?action, "refused");
        // It is refused all the same.
        if let Err(error) = authorize.refused(who, action, study_uid, context).await {
            tracing::error!(%error, "a refusal was not recorded");
        }
    }
    judged
}

async fn judge(
    authorize: &dyn Authorize,
    index: &Index,
    question: Question<'_>,
) -> Result<Restriction, Refusal> {
    let Question {
        who,
        action,
        study_uid,
        ..
    } = question;
    // For a token of one study the others are not there, whatever it may do.
    if study_uid.is_some_and(|asked| who.only_study().is_some_and(|only| only != asked)) {
        return Err(Refusal::NoSuchStudy);
    }
    if !authorize.may(who, action, study_uid).await? {
        return Err(Refusal::NotAllowed);
    }
    let restriction = authorize.scope(who).await?;
    match study_uid {
        // What is sent may begin a study; whose it is, the way in asks.
        Some(study_uid) if action != Action::Store && !index.is_within(&restriction, study_uid).await? => {
            Err(Refusal::NoSuchStudy)
        }
        _ => Ok(restriction),
    }
}

/// Records a look.
pub(crate) async fn note_seen(authorize: &dyn Authorize, question: Question<'_>) -> Result<(), Failed> {
    let Question {
        who,
        look,
        study_uid,
        context,
        ..
    } = question;
    match look {
        Some(look) => authorize.seen(who, look, study_uid, context).await,
        None => Ok(()),
    }
}
