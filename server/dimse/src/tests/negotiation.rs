//! What is agreed, without a stream.

use dicom_ul::pdu::{
    AssociationRQ, Pdu, PresentationContextResultReason as Reason, UserVariableItem, write_pdu,
};

use super::support::*;
use crate::negotiation::{
    Credentials, EXPLICIT_LITTLE_ENDIAN as EXPLICIT, IMPLICIT_LITTLE_ENDIAN as IMPLICIT, IdentityKind,
    Implementation, accepted, answer, is_storage_class, peer_of, request,
};
use crate::*;

const JPEG_LOSSLESS: &str = "1.2.840.10008.1.2.4.70";

fn asked(proposals: &[Proposal]) -> AssociationRQ {
    let mut config = ClientConfig::new("TEST", "UPTAKE");
    config.extended = vec![(FIND.to_owned(), vec![1])];
    config.credentials = Some(Credentials {
        kind: IdentityKind::UserNameAndPasscode,
        primary: b"name".to_vec(),
        secondary: b"secret".to_vec(),
        wants_answer: true,
    });
    let pdu = Pdu::AssociationRQ(request(&config, proposals).unwrap());
    // As it arrives, not as it was made.
    let mut bytes = Vec::new();
    write_pdu(&mut bytes, &pdu).unwrap();
    match crate::wire::negotiation(&bytes).unwrap() {
        Pdu::AssociationRQ(request) => request,
        other => panic!("expected a request, found {other:?}"),
    }
}

fn check(request: &AssociationRQ, supported: &Supported) -> Result<Vec<(Reason, String)>, Rejection> {
    let peer = peer_of(request, None);
    let (implementation, limits) = (Implementation::default(), Limits::default());
    let (reply, negotiated) = answer(request, peer, supported, &implementation, &limits)?;
    let accepted = reply
        .presentation_contexts
        .iter()
        .filter(|c| c.reason == Reason::Acceptance);
    assert_eq!(accepted.count(), negotiated.contexts.len());
    Ok(reply
        .presentation_contexts
        .into_iter()
        .map(|c| (c.reason, c.transfer_syntax))
        .collect())
}

#[test]
fn extensions_are_answered_as_far_as_they_are_honoured() {
    let mut request = asked(&[Proposal::uncompressed(FIND)]);
    // SOP Class Common Extended Negotiation, as it comes, and a window of operations.
    request.user_variables.push(UserVariableItem::Unknown(
        0x57,
        b"\0\x051.2.3\0\x051.2.4\0\0".to_vec(),
    ));
    request
        .user_variables
        .push(UserVariableItem::Unknown(0x53, vec![0, 8, 0, 8]));
    let variables = |supported: &Supported| {
        let peer = peer_of(&request, None);
        let (implementation, limits) = (Implementation::default(), Limits::default());
        let (reply, negotiated) = answer(&request, peer, supported, &implementation, &limits).unwrap();
        assert_eq!(negotiated.contexts.len(), 1);
        reply.user_variables
    };
    let supported = Supported::default().class(FIND, &[EXPLICIT]);
    let relational = UserVariableItem::SopClassExtendedNegotiationSubItem(FIND.to_owned(), vec![1]);
    let one_at_a_time = UserVariableItem::Unknown(0x53, vec![0, 1, 0, 1]);
    assert!(!variables(&supported).contains(&relational));
    let answered = variables(&supported.extended(FIND, &[1, 0]));
    assert!(answered.contains(&relational) && answered.contains(&one_at_a_time));
    assert!(
        !answered
            .iter()
            .any(|item| matches!(item, UserVariableItem::Unknown(0x57, _)))
    );
}

#[test]
fn the_preference_decides_the_transfer_syntax() {
    let request = asked(&[Proposal::new(CT, &[IMPLICIT, JPEG_LOSSLESS, EXPLICIT])]);
    let supported = Supported::default().storage(&[EXPLICIT, IMPLICIT], false);
    let ours = check(&request, &supported).unwrap();
    assert_eq!(ours, [(Reason::Acceptance, EXPLICIT.to_owned())]);
    let theirs = check(&request, &supported.preferring(Preference::Peers)).unwrap();
    assert_eq!(theirs, [(Reason::Acceptance, IMPLICIT.to_owned())]);
}

#[test]
fn contexts_are_refused_one_by_one_with_their_reason() {
    let request = asked(&[
        Proposal::uncompressed(CT),
        Proposal::new(CT, &[JPEG_LOSSLESS]),
        Proposal::uncompressed("1.2.840.10008.5.1.1.9"),
        Proposal::uncompressed("1.3.12.2.1107.5.9.1"),
    ]);
    let supported = Supported::default().storage(&[EXPLICIT], false);
    let reasons = |supported: &Supported| -> Vec<Reason> {
        check(&request, supported)
            .unwrap()
            .into_iter()
            .map(|(reason, _)| reason)
            .collect()
    };
    use Reason::{AbstractSyntaxNotSupported as Class, Acceptance, TransferSyntaxesNotSupported as Syntax};
    assert_eq!(reasons(&supported), [Acceptance, Syntax, Class, Class]);
    let private = Supported::default().storage(&[EXPLICIT], true);
    assert_eq!(reasons(&private), [Acceptance, Syntax, Class, Acceptance]);
}

#[test]
fn storage_classes_are_told_from_queries() {
    assert!(is_storage_class(CT) && is_storage_class("1.2.840.10008.5.1.4.34.7"));
    assert!(!is_storage_class(FIND) && !is_storage_class("1.2.840.10008.5.1.4.1.1"));
}

#[test]
fn requests_that_cannot_be_are_rejected() {
    let supported = Supported::verification();
    let whole = asked(&[
        Proposal::uncompressed("1.2.840.10008.1.1"),
        Proposal::uncompressed(CT),
    ]);
    let changed = |change: fn(&mut AssociationRQ)| {
        let mut request = whole.clone();
        change(&mut request);
        check(&request, &supported).unwrap_err()
    };
    assert_eq!(changed(|r| r.protocol_version = 2), Rejection::PROTOCOL_VERSION);
    assert_eq!(
        changed(|r| r.application_context_name = "1.2".into()),
        Rejection::APPLICATION_CONTEXT
    );
    assert_eq!(changed(|r| r.presentation_contexts.clear()), Rejection::NO_REASON);
    assert_eq!(
        changed(|r| r.presentation_contexts[0].id = 2),
        Rejection::NO_REASON
    );
    assert_eq!(
        changed(|r| r.presentation_contexts[0].id = 3),
        Rejection::NO_REASON
    );
    let tiny = |r: &mut AssociationRQ| r.user_variables = vec![UserVariableItem::MaxLength(8)];
    assert_eq!(changed(tiny), Rejection::LOCAL_LIMIT);
}

#[test]
fn both_ends_hold_the_same_roles_identity_and_information() {
    let proposals = [
        Proposal::uncompressed(GET),
        Proposal::uncompressed(CT).as_provider(),
    ];
    let mut request = asked(&proposals);
    request
        .user_variables
        .push(UserVariableItem::Unknown(0x53, vec![0, 0, 0, 5]));
    let peer = peer_of(&request, None);
    let config = config();
    let (reply, here) = answer(
        &request,
        peer,
        &config.supported,
        &config.implementation,
        &config.limits,
    )
    .unwrap();
    let there = accepted(&reply, "UPTAKE", &proposals, None).unwrap();
    assert_eq!(here.contexts, there.contexts);
    let providers: Vec<bool> = here
        .contexts
        .iter()
        .map(|context| context.requestor_is_provider)
        .collect();
    assert_eq!(providers, [false, true]);
    assert_eq!(here.peer.extended, [(FIND.to_owned(), vec![1])]);
    assert_eq!(here.peer.asynchronous_window, Some((0, 5)));
    assert_eq!(there.peer.asynchronous_window, Some((1, 1)));
    let identity = here.peer.identity.unwrap();
    assert_eq!(
        (identity.primary.as_slice(), identity.secondary.as_slice()),
        (&b"name"[..], &b"secret"[..])
    );
    assert!(!format!("{identity:?}").contains("secret"));
    assert!(
        reply
            .user_variables
            .contains(&UserVariableItem::Unknown(0x59, vec![0, 0]))
    );
}

#[test]
fn a_reply_to_something_else_is_refused() {
    let proposals = [Proposal::new(CT, &[EXPLICIT])];
    let request = asked(&proposals);
    let config = config();
    let peer = peer_of(&request, None);
    let (reply, _) = answer(
        &request,
        peer,
        &config.supported,
        &config.implementation,
        &config.limits,
    )
    .unwrap();
    for (id, syntax) in [(3, EXPLICIT), (2, EXPLICIT), (1, IMPLICIT)] {
        let mut reply = reply.clone();
        reply.presentation_contexts[0].id = id;
        reply.presentation_contexts[0].transfer_syntax = syntax.to_owned();
        let found = accepted(&reply, "UPTAKE", &proposals, None);
        assert!(matches!(found, Err(Error::Protocol { .. })), "{id} {syntax}");
    }
}
