use std::collections::BTreeSet;

use super::*;

#[test]
fn nobody_has_two_chats_with_the_same_person_or_one_with_themselves() {
    for (phones, each) in [(3, 126), (40, 126), (41, 10), (1_000, 126)] {
        let count = chats_max(phones, each) as usize;
        let chats = Chats::new(count, phones as usize, Marker::new(1), 100);
        let people: BTreeSet<_> = chats
            .all
            .iter()
            .map(|chat| {
                let [one, other] = chat.phones;
                (one.min(other), one.max(other))
            })
            .collect();
        assert_eq!(people.len(), count);
        assert!(people.iter().all(|(one, other)| one < other));
        assert!(chats.by_phone.iter().all(|chats| chats.len() as u64 <= each));
    }
    assert_eq!((chats_max(1, 126), chats_max(2, 126)), (0, 0));
    assert!(chats_max(1_600, 126) >= 100_000);
}
