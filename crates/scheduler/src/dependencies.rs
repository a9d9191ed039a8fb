//! Which tasks wait for which: no task waits for itself, however far around.

use std::collections::BTreeMap;
use std::hash::Hash;

/// Tasks that wait for each other in a ring, each for the next one and the last for the first; `None`
/// where there is no ring. `upstream` has those that each task waits for.
pub fn ring<T: Ord + Hash + Clone>(upstream: &BTreeMap<T, Vec<T>>) -> Option<Vec<T>> {
    let mut done: BTreeMap<&T, bool> = BTreeMap::new();
    for start in upstream.keys() {
        if done.contains_key(start) {
            continue;
        }
        // Tasks on the way from `start`, and how many of each one's upstreams were looked at. No
        // recursion: a chain may be as long as there are tasks.
        let mut way: Vec<(&T, usize)> = vec![(start, 0)];
        done.insert(start, false);
        while let Some((task, looked_at)) = way.last_mut() {
            let next = upstream.get(*task).and_then(|tasks| tasks.get(*looked_at));
            *looked_at += 1;
            let Some(next) = next else {
                done.insert(task, true);
                way.pop();
                continue;
            };
            match done.get(next) {
                Some(true) => {}
                Some(false) => {
                    let from = way.iter().position(|(task, _)| *task == next).unwrap_or(0);
                    return Some(
                        way[from..]
                            .iter()
                            .map(|(task, _)| (*task).clone())
                            .collect(),
                    );
                }
                None => {
                    done.insert(next, false);
                    way.push((next, 0));
                }
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(edges: &[(&str, &[&str])], expected: Option<&[&str]>) {
        let upstream = edges
            .iter()
            .map(|(task, upstream)| {
                let upstream = upstream.iter().map(|name| (*name).to_owned());
                ((*task).to_owned(), upstream.collect())
            })
            .collect();
        let expected = expected.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        assert_eq!(ring::<String>(&upstream), expected, "{edges:?}");
    }

    #[test]
    fn rings_are_found_and_named_in_their_order() {
        check(&[], None);
        check(&[("a", &["b", "c"]), ("b", &["c"]), ("c", &[])], None);
        check(&[("a", &["nowhere"])], None);
        check(&[("a", &["a"])], Some(&["a"]));
        check(
            &[("a", &["b"]), ("b", &["c"]), ("c", &["b"])],
            Some(&["b", "c"]),
        );
        check(
            &[("a", &["b"]), ("b", &["c"]), ("c", &["a"])],
            Some(&["a", "b", "c"]),
        );
    }

    #[test]
    fn a_chain_of_all_tasks_is_followed_to_its_end() {
        let chain = (0..200_000_u32).map(|task| (task, vec![task + 1]));
        assert_eq!(ring(&chain.collect()), None);
    }
}
