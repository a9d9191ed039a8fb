//! The lake and the folders of Parquet files are held to the same list as the destination in memory.

use model::migration::LoadingPolicy;
use testkit::conformance::{
    DEATHS, a_key_that_comes_twice_is_refused, first_load_is_all_or_nothing, survives_every_fault,
    walk_every_fault_when_taken_up, what_stands_staged_is_read_back,
};
use testkit::folder::Folder;

const POLICIES: [LoadingPolicy; 2] = [LoadingPolicy::Overwrite, LoadingPolicy::Append];

fn folder(id: &str) -> Folder {
    Folder::of(id).expect("a folder")
}

#[tokio::test(flavor = "multi_thread")]
async fn files_survive_every_fault() {
    for policy in POLICIES {
        let cases = survives_every_fault(&folder("files"), policy).await;
        println!("files, {policy:?}: {cases} cases");
    }
    first_load_is_all_or_nothing(&folder("files")).await;
    what_stands_staged_is_read_back(&folder("files")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lake_survives_every_fault() {
    for policy in POLICIES {
        let cases = survives_every_fault(&folder("lake"), policy).await;
        println!("lake, {policy:?}: {cases} cases");
    }
    first_load_is_all_or_nothing(&folder("lake")).await;
    a_key_that_comes_twice_is_refused(&folder("lake")).await;
    what_stands_staged_is_read_back(&folder("lake")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_of_the_lake_survives_every_fault() {
    let policy = LoadingPolicy::Update;
    let cases = survives_every_fault(&folder("lake"), policy).await;
    println!("lake, {policy:?}: {cases} cases");
}

/// One death here; the proofs try all of them.
#[tokio::test(flavor = "multi_thread")]
async fn a_dead_process_is_survived_though_its_successor_fails() {
    let (append, update) = (LoadingPolicy::Append, LoadingPolicy::Update);
    for (id, policy) in [("files", append), ("lake", append), ("lake", update)] {
        let (folder, died) = (folder(id), DEATHS[2]);
        let walk = walk_every_fault_when_taken_up(&folder, policy, died).await;
        println!(
            "{id}, {policy:?}, taken up after {died:?}: {:?}",
            walk.unwrap()
        );
    }
}
