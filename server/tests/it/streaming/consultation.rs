//! One session and several people: whom the owner lets in, what they do there, and how it ends.

use serde_json::{Value, json};

use super::socket::{Heard, Socket};
use super::{Hospital, NAMES, site};
use crate::archive::{Served, folders};

/// Opens a hospital's CT in somebody's session.
async fn take_part(served: &Served, cookie: &str, hospital: &Hospital, session: &str) -> Socket {
    let mut socket = Socket::open(served.http, cookie).await;
    let open = json!({"studies": [hospital.study], "screens": [[256, 256]], "session": session});
    socket.tell(&json!({"open": open})).await;
    socket
}

/// The end of a conversation: its code and reason.
async fn end(socket: &mut Socket) -> (u16, String) {
    loop {
        match socket.hear().await {
            Heard::End(end) => return end.expect("a reason"),
            Heard::Nothing => panic!("expected an end, found nothing"),
            _ => {}
        }
    }
}

/// Who takes part, once it is so.
async fn people(socket: &mut Socket, is_so: impl Fn(&Value) -> bool) -> Value {
    loop {
        let people = socket.told("people").await;
        if is_so(&people) {
            return people;
        }
    }
}

/// The slice of the view, once it is this.
async fn comes_to(socket: &mut Socket, slice: u64) {
    while socket.told("view").await["slice"][0].as_u64() != Some(slice) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_the_owner_lets_in_sees_and_does_the_same_until_the_owner_ends_it() {
    let folder = folders::new("consultation");
    let (served, [own, foreign]) = site(folder.path()).await;
    let (mut owner, session) = Socket::look(served.http, &own).await;
    owner.settle().await;

    // Nobody is let in unasked, be it known what the session is called.
    let mut early = take_part(&served, &own.colleague, &own, &session).await;
    assert_eq!(
        end(&mut early).await,
        (1008, "there is no such session".to_owned())
    );

    owner.tell(&json!({"share": true})).await;
    people(&mut owner, |people| people["is_shared"] == true).await;
    let mut colleague = take_part(&served, &own.colleague, &own, &session).await;
    let opened = colleague.told("opened").await;
    assert_eq!(opened["session"], session.as_str());
    colleague
        .tell(&json!({"sizes": {"1": [200, 200]}, "scale": 1}))
        .await;
    let two = people(&mut owner, |people| {
        people["participants"].as_object().unwrap().len() == 2
    })
    .await;
    let names = two["participants"]
        .as_object()
        .unwrap()
        .values()
        .map(|person| person["name"].clone());
    assert_eq!(names.collect::<Vec<_>>(), NAMES);

    // Another hospital's doctor may not see the study, invited or not.
    let mut stranger = take_part(&served, &foreign.cookie, &own, &session).await;
    assert_eq!(end(&mut stranger).await.0, 1008);

    // What one does all see.
    colleague
        .tell(&json!({"do": {"go_to_slice": {"viewport": 1, "slice": 3}}}))
        .await;
    comes_to(&mut owner, 3).await;
    comes_to(&mut colleague, 3).await;
    let pointed = json!({"do": {"point": {"viewport": 1, "at": [100, 100, 200, 200]}}});
    colleague.tell(&pointed).await;
    let cursors = loop {
        let cursors = owner.told("cursors").await;
        if cursors != json!([]) {
            break cursors;
        }
    };
    assert_eq!(cursors[0]["participant"], opened["participant"]);
    // In the pixels of the owner's view, which is larger.
    assert_eq!(cursors[0]["at"][2], 256.0);

    // Whoever presents is followed; a guest neither interferes nor lets others in.
    owner.tell(&json!({"do": {"present": {"on": true}}})).await;
    people(&mut colleague, |people| people["presenter"].is_u64()).await;
    for forbidden in [
        json!({"do": {"scroll": {"viewport": 1, "steps": 1}}}),
        json!({"share": false}),
    ] {
        colleague.tell(&forbidden).await;
        colleague.told("refused").await;
    }
    owner.tell(&json!({"do": {"present": {"on": false}}})).await;

    // It outlives a restart, whoever comes back first.
    owner
        .tell(&json!({"do": {"go_to_slice": {"viewport": 1, "slice": 5}}}))
        .await;
    comes_to(&mut colleague, 5).await;
    served.end();
    let served = Served::start_closed(&folder.path().join("data"));
    let mut colleague = take_part(&served, &own.colleague, &own, &session).await;
    assert_eq!(colleague.told("opened").await["session"], session.as_str());
    colleague
        .tell(&json!({"sizes": {"1": [200, 200]}, "scale": 1}))
        .await;
    comes_to(&mut colleague, 5).await;
    let mut owner = take_part(&served, &own.cookie, &own, &session).await;
    people(&mut owner, |people| people["is_shared"] == true).await;

    owner.tell(&json!({"share": false})).await;
    let ended = end(&mut colleague).await;
    assert_eq!(ended, (1008, "the session is no longer shared".to_owned()));
    let mut late = take_part(&served, &own.colleague, &own, &session).await;
    assert_eq!(end(&mut late).await.0, 1008);
    served.end();
}
