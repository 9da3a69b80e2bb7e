//! The acceptor's side.

use std::collections::{BTreeMap, HashSet};
use std::net::SocketAddr;

use dicom_ul::pdu::{
    AssociationAC, AssociationRQ, PresentationContextResult, PresentationContextResultReason as Reason,
    UserVariableItem,
};

use dicom_dictionary_std::uids;

use super::supported::is_stored;
use super::{
    APPLICATION_CONTEXT, ASYNCHRONOUS_ITEM, Context, IDENTITY_ANSWER_ITEM, IMPLICIT_LITTLE_ENDIAN,
    Implementation, Negotiated, Peer, Roles, Supported, introduction, max_pdu_of, read_user_variables,
    role_item, roles_of, trimmed,
};
use crate::{Limits, Rejection};

/// Reads who asks, before anything is decided.
pub(crate) fn peer_of(request: &AssociationRQ, address: Option<SocketAddr>) -> Peer {
    let mut peer = Peer {
        ae_title: trimmed(&request.calling_ae_title).to_owned(),
        called_ae_title: trimmed(&request.called_ae_title).to_owned(),
        address,
        implementation_class_uid: String::new(),
        implementation_version_name: String::new(),
        identity: None,
        extended: Vec::new(),
        asynchronous_window: None,
    };
    read_user_variables(&request.user_variables, &mut peer);
    peer
}

/// Answers a request: what the acceptor replies and what then holds.
///
/// # Errors
///
/// The [`Rejection`] to reply with.
pub(crate) fn answer(
    request: &AssociationRQ,
    peer: Peer,
    supported: &Supported,
    implementation: &Implementation,
    limits: &Limits,
) -> Result<(AssociationAC, Negotiated), Rejection> {
    let peer_max_pdu = check(request, limits)?;
    let roles = roles_of(&request.user_variables);
    let mut contexts = Vec::new();
    let mut results = Vec::new();
    for context in &request.presentation_contexts {
        let abstract_syntax = trimmed(&context.abstract_syntax);
        let choice = supported.choose(context);
        if let Ok(transfer_syntax) = &choice {
            contexts.push(Context {
                id: context.id,
                abstract_syntax: abstract_syntax.to_owned(),
                transfer_syntax: transfer_syntax.clone(),
                requestor_is_provider: roles.get(abstract_syntax).is_some_and(|r| r.provider),
            });
        }
        let (reason, transfer_syntax) = match choice {
            Ok(uid) => (Reason::Acceptance, uid),
            // Not significant, but some peers want one to read.
            Err(reason) => (reason, IMPLICIT_LITTLE_ENDIAN.to_owned()),
        };
        results.push(PresentationContextResult {
            id: context.id,
            reason,
            transfer_syntax,
        });
    }
    let outstanding = outstanding(&peer, &contexts, limits);
    let reply = AssociationAC {
        protocol_version: 1,
        calling_ae_title: request.calling_ae_title.clone(),
        called_ae_title: request.called_ae_title.clone(),
        application_context_name: APPLICATION_CONTEXT.to_owned(),
        presentation_contexts: results,
        user_variables: reply_variables(
            &roles,
            &contexts,
            (&peer, outstanding),
            supported,
            introduction(implementation, limits),
        ),
    };
    let negotiated = Negotiated {
        contexts,
        peer,
        peer_max_pdu,
        outstanding,
    };
    Ok((reply, negotiated))
}

/// Whether there is anything to negotiate; gives the largest PDU that the peer takes.
fn check(request: &AssociationRQ, limits: &Limits) -> Result<u32, Rejection> {
    if request.protocol_version & 1 == 0 {
        return Err(Rejection::PROTOCOL_VERSION);
    }
    if trimmed(&request.application_context_name) != APPLICATION_CONTEXT {
        return Err(Rejection::APPLICATION_CONTEXT);
    }
    let proposed = &request.presentation_contexts;
    if proposed.len() > limits.contexts {
        return Err(Rejection::LOCAL_LIMIT);
    }
    let mut ids = HashSet::new();
    if proposed.is_empty() || !proposed.iter().all(|p| p.id % 2 == 1 && ids.insert(p.id)) {
        return Err(Rejection::NO_REASON);
    }
    max_pdu_of(&request.user_variables).ok_or(Rejection::LOCAL_LIMIT)
}

/// How many operations the requestor may have invoked before the first is answered: several where it asks for it and can
/// only store. While we answer a query or store back, another request's data set could be read only by keeping it whole in
/// memory.
fn outstanding(peer: &Peer, contexts: &[Context], limits: &Limits) -> u16 {
    let stores = |context: &Context| {
        is_stored(&context.abstract_syntax) && !context.requestor_is_provider
            || context.abstract_syntax == uids::VERIFICATION
    };
    match peer.asynchronous_window {
        Some((asked, _)) if contexts.iter().all(stores) => match asked {
            0 => limits.outstanding,
            asked => asked.min(limits.outstanding),
        }
        .max(1),
        _ => 1,
    }
}

fn reply_variables(
    roles: &BTreeMap<&str, Roles>,
    contexts: &[Context],
    (peer, outstanding): (&Peer, u16),
    supported: &Supported,
    mut items: Vec<UserVariableItem>,
) -> Vec<UserVariableItem> {
    for (&uid, roles) in roles {
        if contexts.iter().any(|context| context.abstract_syntax == uid) {
            items.push(role_item(uid, *roles));
        }
    }
    for (uid, asked) in &peer.extended {
        let is_accepted = contexts.iter().any(|context| context.abstract_syntax == *uid);
        if let Some(agreed) = supported.agreed(uid, asked).filter(|_| is_accepted) {
            items.push(UserVariableItem::SopClassExtendedNegotiationSubItem(
                uid.clone(),
                agreed,
            ));
        }
    }
    if peer.asynchronous_window.is_some() {
        let [high, low] = outstanding.to_be_bytes();
        // We invoke one operation at a time ourselves.
        items.push(UserVariableItem::Unknown(
            ASYNCHRONOUS_ITEM,
            vec![high, low, 0, 1],
        ));
    }
    if peer
        .identity
        .as_ref()
        .is_some_and(|identity| identity.wants_answer)
    {
        // An empty server response: all there is for user names (PS3.7 D.3.3.7.2).
        items.push(UserVariableItem::Unknown(IDENTITY_ANSWER_ITEM, vec![0, 0]));
    }
    items
}
