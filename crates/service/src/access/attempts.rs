//! The brake on guessing passwords: what fails again and again, by user name and by address, waits
//! longer and longer. In memory, of bounded size; knows no password, and keeps no name.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use model::{Error, ErrorKind, Result, Retry};
use sha2::{Digest, Sha256};

/// How patient we are with one key.
#[derive(Debug, Clone, Copy)]
struct Patience {
    /// So many failures cost nothing.
    free: u32,
    /// The longest that the next attempt waits.
    longest: Duration,
}

/// Somebody who hammers at a name can keep its owner out, so the wait stays short; it is long enough
/// against guessing.
const OF_NAME: Patience = Patience {
    free: 5,
    longest: Duration::from_secs(60),
};
/// Many people may share an address.
const OF_ADDRESS: Patience = Patience {
    free: 20,
    longest: Duration::from_secs(15 * 60),
};
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// Failures this long ago are forgotten.
const MEMORY: Duration = Duration::from_secs(60 * 60);
const MOST_ENTRIES: usize = 10_000;

/// All attempts to log in of one process. Safe to use from many tasks; never waits itself.
#[derive(Debug)]
pub struct Attempts {
    ledgers: Mutex<Ledgers>,
}

#[derive(Debug)]
struct Ledgers {
    names: Ledger<[u8; 32]>,
    addresses: Ledger<IpAddr>,
}

impl Default for Attempts {
    fn default() -> Self {
        Self::of_size(MOST_ENTRIES)
    }
}

impl Attempts {
    fn of_size(most: usize) -> Self {
        let ledgers = Mutex::new(Ledgers {
            names: Ledger::new(OF_NAME, most),
            addresses: Ledger::new(OF_ADDRESS, most),
        });
        Self { ledgers }
    }

    /// Called before a password is looked at, whether there is such a user or not: counts the attempt as
    /// failed until [`succeeded`](Self::succeeded) says otherwise, so that many at once are braked, too.
    /// `TOO_MANY_ATTEMPTS` with the time to wait where it is too early; what is refused is not counted.
    pub fn begin(&self, name: &str, address: Option<IpAddr>, now: Instant) -> Result<()> {
        let (name, address) = (key_of(name), address.map(network_of));
        let mut ledgers = self.ledgers.lock().unwrap_or_else(PoisonError::into_inner);
        let of_name = ledgers.names.wait(&name, now);
        let of_address = address.and_then(|address| ledgers.addresses.wait(&address, now));
        if let Some(wait) = of_name.max(of_address) {
            return Err(too_early(wait));
        }
        ledgers.names.count(name, now);
        if let Some(address) = address {
            ledgers.addresses.count(address, now);
        }
        Ok(())
    }

    /// The attempt that was begun last with these was right: the name's failures are forgotten; of the
    /// address only this one is, so that an own account does not help to guess others'.
    pub fn succeeded(&self, name: &str, address: Option<IpAddr>) {
        let mut ledgers = self.ledgers.lock().unwrap_or_else(PoisonError::into_inner);
        ledgers.names.entries.remove(&key_of(name));
        if let Some(address) = address.map(network_of) {
            ledgers.addresses.uncount(&address);
        }
    }
}

fn too_early(wait: Duration) -> Error {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let message = format!("too many attempts failed; try again in {seconds} seconds");
    Error::new(ErrorKind::Throttled, "TOO_MANY_ATTEMPTS", message)
        .retry(Retry::After(Duration::from_secs(seconds)))
        .hint("an administrator can set a new password")
}

/// Of one length whatever somebody sends, and not the name itself.
fn key_of(name: &str) -> [u8; 32] {
    Sha256::digest(name.trim().to_lowercase().as_bytes()).into()
}

/// Who has one IPv6 address has 2^64 of them.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

#[derive(Debug)]
struct Ledger<K> {
    patience: Patience,
    most: usize,
    entries: HashMap<K, Entry>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    failures: u32,
    last: Instant,
    until: Instant,
}

impl Entry {
    fn is_forgotten(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.last) > MEMORY
    }
}

impl<K: Eq + Hash + Copy> Ledger<K> {
    fn new(patience: Patience, most: usize) -> Self {
        Self {
            patience,
            most,
            entries: HashMap::new(),
        }
    }

    /// How long the next attempt waits still.
    fn wait(&self, key: &K, now: Instant) -> Option<Duration> {
        let entry = self.entries.get(key)?;
        entry
            .until
            .checked_duration_since(now)
            .filter(|wait| !wait.is_zero())
    }

    fn count(&mut self, key: K, now: Instant) {
        if !self.entries.contains_key(&key) {
            self.make_room(now);
        }
        let entry = self.entries.entry(key).or_insert(Entry {
            failures: 0,
            last: now,
            until: now,
        });
        if entry.is_forgotten(now) {
            entry.failures = 0;
        }
        entry.failures = entry.failures.saturating_add(1);
        entry.last = now;
        entry.until = now + self.patience.wait_after(entry.failures);
    }

    fn uncount(&mut self, key: &K) {
        if let Some(entry) = self.entries.get_mut(key) {
            entry.failures = entry.failures.saturating_sub(1);
            entry.until = entry.last;
            if entry.failures == 0 {
                self.entries.remove(key);
            }
        }
    }

    /// Room for one more: what is forgotten goes first, then those that failed least and longest ago,
    /// an eighth at once, so that a flood of names does not make every attempt look at all.
    fn make_room(&mut self, now: Instant) {
        if self.entries.len() < self.most {
            return;
        }
        self.entries.retain(|_, entry| !entry.is_forgotten(now));
        if self.entries.len() < self.most {
            return;
        }
        let mut order: Vec<(u32, Instant, K)> = self
            .entries
            .iter()
            .map(|(key, entry)| (entry.failures, entry.last, *key))
            .collect();
        order.sort_unstable_by_key(|(failures, last, _)| (*failures, *last));
        for (_, _, key) in order.iter().take((self.most / 8).max(1)) {
            self.entries.remove(key);
        }
    }
}

impl Patience {
    fn wait_after(self, failures: u32) -> Duration {
        let Some(doublings) = failures.checked_sub(self.free + 1) else {
            return Duration::ZERO;
        };
        FIRST_WAIT
            .saturating_mul(1 << doublings.min(30))
            .min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    /// Seconds to wait before each of so many attempts that fail, each made as soon as may be.
    fn waits(times: usize, mut attempt: impl FnMut(Instant) -> Result<()>) -> Vec<u64> {
        let mut now = Instant::now();
        let mut waits = Vec::new();
        while waits.len() < times {
            let waited = match attempt(now) {
                Ok(()) => 0,
                Err(error) => {
                    assert_eq!(error.code, "TOO_MANY_ATTEMPTS");
                    let Retry::After(wait) = error.retry else {
                        panic!("{:?}", error.retry);
                    };
                    let almost = wait - Duration::from_millis(1);
                    assert!(attempt(now + almost).is_err(), "refused ones were counted");
                    now += wait;
                    attempt(now).unwrap();
                    wait.as_secs()
                }
            };
            waits.push(waited);
        }
        waits
    }

    #[test]
    fn waits_for_a_name_grow_to_a_minute() {
        let attempts = Attempts::default();
        let mut host = 0;
        let waited = waits(15, |now| {
            host += 1;
            attempts.begin("ann", address(&format!("10.0.{}.1", host % 250)), now)
        });
        assert_eq!(waited, [0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
    }

    #[test]
    fn waits_for_an_address_grow_to_a_quarter_of_an_hour() {
        let attempts = Attempts::default();
        let mut name = 0;
        let waited = waits(34, |now| {
            name += 1;
            attempts.begin(&format!("user {name}"), address("2001:db8::1"), now)
        });
        assert_eq!(waited[..21], [0; 21]);
        assert_eq!(
            waited[21..],
            [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]
        );
    }

    #[test]
    fn names_and_addresses_are_recognised_in_other_spellings() {
        let now = Instant::now();
        let attempts = Attempts::default();
        for name in ["ann", "Ann", "ANN ", " ann", "aNN", "ann"] {
            attempts.begin(name, None, now).unwrap();
        }
        assert!(attempts.begin("annE", None, now).is_ok());
        assert!(attempts.begin("ann", None, now).is_err());
        let check = |one: &str, other: &str, same: bool| {
            let networks = (
                network_of(one.parse().unwrap()),
                network_of(other.parse().unwrap()),
            );
            assert_eq!(networks.0 == networks.1, same, "{one} {other}");
        };
        check("10.0.0.1", "::ffff:10.0.0.1", true);
        check("10.0.0.1", "10.0.0.2", false);
        check("2001:db8::1", "2001:db8::ffff:1:1:1", true);
        check("2001:db8::1", "2001:db8:0:1::1", false);
    }

    #[test]
    fn many_at_once_are_braked_too() {
        let now = Instant::now();
        let attempts = Attempts::default();
        let begun = (0..1000).filter(|_| attempts.begin("ann", None, now).is_ok());
        assert_eq!(begun.count(), 6);
    }

    #[test]
    fn success_forgets_the_name_and_not_the_address() {
        let now = Instant::now();
        let attempts = Attempts::default();
        let from = address("10.0.0.1");
        for _ in 0..6 {
            attempts.begin("ann", None, now).unwrap();
        }
        let later = now + Duration::from_secs(1);
        attempts.begin("ann", None, later).unwrap();
        attempts.succeeded("ann", None);
        attempts.begin("ann", None, later).unwrap();
        // One who has an account logs in between guesses.
        let mut guesses = 0;
        while attempts
            .begin(&format!("user {guesses}"), from, now)
            .is_ok()
        {
            guesses += 1;
            if attempts.begin("own", from, now).is_ok() {
                attempts.succeeded("own", from);
            }
        }
        assert_eq!(guesses, 21);
    }

    #[test]
    fn what_is_long_ago_is_forgotten() {
        let now = Instant::now();
        let attempts = Attempts::default();
        for _ in 0..6 {
            attempts.begin("ann", None, now).unwrap();
        }
        let later = now + MEMORY + Duration::from_secs(1);
        for _ in 0..6 {
            attempts.begin("ann", None, later).unwrap();
        }
        assert!(attempts.begin("ann", None, later).is_err());
    }

    #[test]
    fn a_flood_of_names_neither_grows_it_nor_frees_the_one_attacked() {
        let now = Instant::now();
        let attempts = Attempts::of_size(100);
        for _ in 0..6 {
            attempts.begin("ann", None, now).unwrap();
        }
        for name in 0..10_000 {
            attempts.begin(&format!("user {name}"), None, now).unwrap();
        }
        assert!(attempts.begin("ann", None, now).is_err());
        let ledgers = attempts.ledgers.lock().unwrap();
        assert!(ledgers.names.entries.len() <= 100);
    }
}
