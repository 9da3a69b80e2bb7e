//! An object that comes again by way of one node while another removes its file.

use database::Sql;

use super::postgres;
use crate::index::{Added, Facts, Index, generator, unfile};
use crate::retention;
use crate::storage::Hash;

/// A removal that is begun: its row, and the object out of the index.
async fn removing(index: &Index, facts: &Facts) -> i64 {
    let change = index.begin().await.unwrap();
    let hash = facts.object.hash;
    let mut sql = Sql::new("INSERT INTO removals (hash, sop_uid, study_uid, state, at_ns, actor) VALUES (");
    sql.bind(hash.to_string())
        .push(", '1', '1', 'removing', 1, 'test') RETURNING id");
    let row = sql.one(&*change).await.unwrap().unwrap();
    unfile(&change, &[hash]).await.unwrap();
    change.commit().await.unwrap();
    row.get(0).unwrap()
}

async fn finish(index: &Index, id: i64) {
    let mut sql = Sql::new("UPDATE removals SET state = 'removed' WHERE id = ");
    let change = index.begin().await.unwrap();
    sql.bind(id).run(&*change).await.unwrap();
    change.commit().await.unwrap();
}

#[tokio::test]
async fn what_another_node_removes_is_not_acknowledged() {
    let Some(place) = postgres::database() else {
        return;
    };
    let (one, other) = (
        Index::open(&place).await.unwrap(),
        Index::open(&place).await.unwrap(),
    );
    let facts = generator::generate(1, 1).next().unwrap();
    let hash: Hash = facts.object.hash;
    let add = async |before| other.add_stored(facts.clone(), None, before).await.unwrap();
    let before = async || other.removals_of(hash).await.unwrap();
    assert_eq!(add(before().await).await, Added::New);

    // The file is seen, and only then its removal begins: the object stays, and its file with it.
    let seen = before().await;
    let id = removing(&one, &facts).await;
    assert_eq!(add(seen).await, Added::New);
    assert!(!retention::may_go(&one, id, hash).await);

    // The file is seen while its removal is under way, and goes before there is a row.
    let id = removing(&one, &facts).await;
    let seen = before().await;
    assert!(retention::may_go(&one, id, hash).await);
    assert_eq!(add(seen).await, Added::Gone);
    let going = before().await.unwrap();
    assert!(going.is_going(), "nobody begins to store what is just going");
    finish(&one, id).await;
    assert_eq!(add(seen).await, Added::Gone);
    // What is stored after it is gone is a new object.
    assert_eq!(add(before().await).await, Added::New);
    // A later removal that came to nothing does no harm either.
    let seen = before().await;
    let id = removing(&one, &facts).await;
    let again = before().await;
    assert_eq!(add(again).await, Added::New);
    assert!(!retention::may_go(&one, id, hash).await);
    assert_eq!(add(seen).await, Added::Identical);
}
