//! The requestor's side.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use dicom_ul::pdu::{
    AssociationAC, AssociationRQ, PresentationContextProposed, PresentationContextResultReason as Reason,
    UserVariableItem,
};

use super::{
    APPLICATION_CONTEXT, Context, Credentials, Negotiated, Peer, Proposal, introduction, max_pdu_of,
    read_user_variables, role_item, roles_of, trimmed,
};
use crate::client::ClientConfig;
use crate::error::AbortReason;
use crate::{Error, Result};

/// Writes the request of a requestor; context numbers are 1, 3, 5… in the order of the proposals.
pub(crate) fn request(config: &ClientConfig, proposals: &[Proposal]) -> Result<AssociationRQ> {
    if proposals.is_empty() || proposals.len() > 128 {
        return Err(Error::Encode {
            what: "association request",
            reason: format!(
                "expected 1 to 128 presentation contexts, found {}",
                proposals.len()
            ),
        });
    }
    let mut items = introduction(&config.implementation, &config.limits);
    let mut with_roles = BTreeMap::new();
    for proposal in proposals {
        if let Some(roles) = proposal.roles {
            with_roles.insert(&proposal.abstract_syntax, roles);
        }
    }
    items.extend(with_roles.into_iter().map(|(uid, roles)| role_item(uid, roles)));
    items.extend(config.credentials.as_ref().map(Credentials::item));
    items.extend(config.extended.iter().map(|(uid, information)| {
        UserVariableItem::SopClassExtendedNegotiationSubItem(uid.clone(), information.clone())
    }));
    let context = |(id, proposal): (u8, &Proposal)| PresentationContextProposed {
        id,
        abstract_syntax: proposal.abstract_syntax.clone(),
        transfer_syntaxes: proposal.transfer_syntaxes.clone(),
    };
    Ok(AssociationRQ {
        protocol_version: 1,
        calling_ae_title: config.calling_ae_title.clone(),
        called_ae_title: config.called_ae_title.clone(),
        application_context_name: APPLICATION_CONTEXT.to_owned(),
        presentation_contexts: (1..=255).step_by(2).zip(proposals).map(context).collect(),
        user_variables: items,
    })
}

/// Reads the acceptor's reply to the proposals.
pub(crate) fn accepted(
    reply: &AssociationAC,
    called: &str,
    proposals: &[Proposal],
    address: Option<SocketAddr>,
) -> Result<Negotiated> {
    let invalid = |found: &str| {
        Error::protocol(
            "a reply to what was proposed",
            found,
            AbortReason::InvalidParameter,
        )
    };
    let roles = roles_of(&reply.user_variables);
    let mut contexts = Vec::new();
    for result in &reply.presentation_contexts {
        if result.reason != Reason::Acceptance {
            continue;
        }
        let proposal = (proposals.get(usize::from(result.id / 2)))
            .filter(|_| result.id % 2 == 1)
            .ok_or_else(|| invalid("another context"))?;
        let transfer_syntax = trimmed(&result.transfer_syntax);
        if !proposal
            .transfer_syntaxes
            .iter()
            .any(|uid| uid == transfer_syntax)
        {
            return Err(invalid("another transfer syntax"));
        }
        let abstract_syntax = proposal.abstract_syntax.clone();
        let agreed = roles.get(abstract_syntax.as_str()).is_some_and(|r| r.provider);
        contexts.push(Context {
            id: result.id,
            requestor_is_provider: proposal.roles.is_some_and(|r| r.provider) && agreed,
            abstract_syntax,
            transfer_syntax: transfer_syntax.to_owned(),
        });
    }
    let mut peer = Peer {
        ae_title: called.to_owned(),
        called_ae_title: called.to_owned(),
        address,
        implementation_class_uid: String::new(),
        implementation_version_name: String::new(),
        identity: None,
        extended: Vec::new(),
        asynchronous_window: None,
    };
    read_user_variables(&reply.user_variables, &mut peer);
    Ok(Negotiated {
        contexts,
        peer,
        outstanding: 1,
        peer_max_pdu: max_pdu_of(&reply.user_variables).ok_or_else(|| invalid("a maximum PDU too small"))?,
    })
}
