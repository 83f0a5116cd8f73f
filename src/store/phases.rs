//! Phases as bytes: one bit mask, then each phase as LEB128. A beat on a reused connection needs three or four bytes.

use crate::model::Phases;

pub(super) fn pack(phases: &Phases) -> Option<Vec<u8>> {
    let all = [phases.dns_us, phases.connect_us, phases.tls_us, phases.first_byte_us];
    let there = all.iter().enumerate().fold(0_u8, |mask, (at, phase)| mask | u8::from(phase.is_some()) << at);
    if there == 0 {
        return None;
    }
    let mut bytes = vec![there];
    for mut left in all.into_iter().flatten() {
        while left >= 0x80 {
            bytes.push(left as u8 | 0x80);
            left >>= 7;
        }
        bytes.push(left as u8);
    }
    Some(bytes)
}

pub(super) fn unpack(bytes: &[u8]) -> Option<Phases> {
    let (there, mut rest) = bytes.split_first()?;
    let mut all = [None; 4];
    for (at, phase) in all.iter_mut().enumerate() {
        if there >> at & 1 == 1 {
            *phase = Some(take(&mut rest)?);
        }
    }
    let [dns_us, connect_us, tls_us, first_byte_us] = all;
    (rest.is_empty() && there >> all.len() == 0).then_some(Phases { dns_us, connect_us, tls_us, first_byte_us })
}

fn take(bytes: &mut &[u8]) -> Option<u32> {
    let mut value = 0_u64;
    for shift in (0..35).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return u32::try_from(value).ok();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn phase() -> impl Strategy<Value = Option<u32>> {
        prop::option::of(prop_oneof![Just(0), Just(u32::MAX), 0..200_u32, any::<u32>()])
    }

    proptest! {
        #[test]
        fn phases_come_back_as_they_went(dns_us in phase(), connect_us in phase(), tls_us in phase(), first_byte_us in phase()) {
            let phases = Phases { dns_us, connect_us, tls_us, first_byte_us };
            match pack(&phases) {
                None => prop_assert_eq!(phases, Phases::default()),
                Some(bytes) => prop_assert_eq!(unpack(&bytes), Some(phases)),
            }
        }

        #[test]
        fn bytes_that_are_no_phases_are_refused_and_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..24)) {
            if let Some(phases) = unpack(&bytes) {
                prop_assert_eq!(unpack(&pack(&phases).unwrap_or(vec![0])), Some(phases));
            }
        }
    }

    #[test]
    fn a_cut_or_overlong_value_is_refused() {
        for wrong in [&[][..], &[1], &[1, 0x80], &[1, 0xff, 0xff, 0xff, 0xff, 0xff], &[1, 0, 0], &[16, 0]] {
            assert_eq!(unpack(wrong), None, "{wrong:?}");
        }
    }
}
