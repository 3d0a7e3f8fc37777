//! Who is next: in turns between users, and one relaxed job in every few. Plain functions on plain data.

use std::collections::HashMap;

use crate::wire::Class;

/// A waiting job.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    pub job: String,
    pub owner: String,
    pub class: Class,
    /// Higher comes first among its owner's.
    pub rank: i64,
    /// Order of arrival.
    pub seq: i64,
    /// It keeps its place, and no turn comes to it.
    pub paused: bool,
}

/// What came before.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// Turns so far.
    pub turns: i64,
    /// Each user's last turn.
    pub last: HashMap<String, i64>,
}

/// The indices of `waiting` in the order in which they are served; the first `limit` of them.
///
/// Each turn goes to the user whose last turn is the longest ago, within the class whose turn it is: every
/// `relaxed_every`th turn is a relaxed one, if any relaxed job waits, and all are where no priority job does. A paused job
/// stands before the next of its user's; where none comes after it, behind all.
pub fn order(
    waiting: &[Waiting],
    history: &History,
    relaxed_every: u32,
    limit: usize,
) -> Vec<usize> {
    // Each user's jobs by class, the next one last.
    let mut lines: HashMap<(Class, &str), Vec<usize>> = HashMap::new();
    for (index, job) in waiting.iter().enumerate() {
        lines
            .entry((job.class, &job.owner))
            .or_default()
            .push(index);
    }
    for line in lines.values_mut() {
        line.sort_by_key(|&i| (waiting[i].rank, -waiting[i].seq));
    }
    let mut turns = history.turns;
    let mut last: HashMap<&str, i64> = history
        .last
        .iter()
        .map(|(owner, turn)| (owner.as_str(), *turn))
        .collect();
    let mut served = Vec::new();
    while served.len() < limit {
        turns += 1;
        let relaxed_turn = relaxed_every > 0 && turns % i64::from(relaxed_every) == 0;
        let (first, second) = match relaxed_turn {
            true => (Class::Relaxed, Class::Priority),
            false => (Class::Priority, Class::Relaxed),
        };
        let next = |class: Class| {
            let of_class = lines.iter().filter(|((c, _), _)| *c == class);
            let ready = of_class.filter_map(|(key, line)| {
                let mut ahead = line.iter().rev().map(|&i| &waiting[i]);
                Some((key, ahead.find(|job| !job.paused)?.seq))
            });
            ready
                .min_by_key(|((_, owner), oldest)| (last.get(owner).copied().unwrap_or(0), *oldest))
                .map(|(key, _)| *key)
        };
        let Some(key) = next(first).or_else(|| next(second)) else {
            break;
        };
        let line = lines.get_mut(&key).expect("the key comes from the map");
        while let Some(job) = line.pop() {
            served.push(job);
            if !waiting[job].paused {
                break;
            }
        }
        last.insert(key.1, turns);
    }
    let mut rest: Vec<usize> = lines.into_values().flatten().collect();
    rest.retain(|&i| waiting[i].paused);
    rest.sort_by_key(|&i| (-waiting[i].rank, waiting[i].seq));
    served.extend(rest);
    served.truncate(limit);
    served
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jobs(spec: &[(&str, Class, i64)]) -> Vec<Waiting> {
        let job = |(seq, (owner, class, rank)): (usize, &(&str, Class, i64))| Waiting {
            job: format!("{owner}{seq}"),
            owner: (*owner).into(),
            class: *class,
            rank: *rank,
            seq: seq as i64,
            paused: false,
        };
        spec.iter().enumerate().map(job).collect()
    }

    fn names(waiting: &[Waiting], history: &History, every: u32) -> Vec<String> {
        let all = order(waiting, history, every, usize::MAX);
        all.into_iter().map(|i| waiting[i].job.clone()).collect()
    }

    #[test]
    fn users_take_turns_however_much_one_asks() {
        use Class::Priority as P;
        let waiting = jobs(&[
            ("a", P, 0),
            ("a", P, 0),
            ("a", P, 0),
            ("b", P, 0),
            ("c", P, 0),
        ]);
        assert_eq!(
            names(&waiting, &History::default(), 4),
            ["a0", "b3", "c4", "a1", "a2"]
        );
        let history = History {
            turns: 1,
            last: [("a".into(), 1)].into(),
        };
        assert_eq!(names(&waiting, &history, 4), ["b3", "c4", "a0", "a1", "a2"]);
    }

    #[test]
    fn a_paused_job_keeps_its_place_and_takes_no_turn() {
        use Class::Priority as P;
        let mut waiting = jobs(&[
            ("a", P, 0),
            ("a", P, 0),
            ("b", P, 0),
            ("b", P, 0),
            ("c", P, 0),
        ]);
        for paused in [0, 3, 4] {
            waiting[paused].paused = true;
        }
        // a's second comes in the turn of its first; what stands before nothing stands last.
        assert_eq!(
            names(&waiting, &History::default(), 4),
            ["a0", "a1", "b2", "b3", "c4"]
        );
    }

    #[test]
    fn relaxed_jobs_wait_but_do_not_starve() {
        use Class::{Priority as P, Relaxed as R};
        let waiting = jobs(&[
            ("r", R, 0),
            ("r", R, 0),
            ("a", P, 0),
            ("a", P, 0),
            ("a", P, 0),
            ("a", P, 0),
        ]);
        assert_eq!(
            names(&waiting, &History::default(), 3),
            ["a2", "a3", "r0", "a4", "a5", "r1"]
        );
    }

    #[test]
    fn the_front_is_the_owners_own() {
        use Class::Priority as P;
        let waiting = jobs(&[("a", P, 0), ("b", P, 0), ("a", P, 1)]);
        assert_eq!(names(&waiting, &History::default(), 4), ["b1", "a2", "a0"]);
    }
}
