//! Zones of IPv6 addresses: interfaces by name (`fe80::1%eth0`), as Node reads and writes them on Unix,
//! and by number. Used by the binding, which converts addresses to and from text.

#[cfg(unix)]
use std::ffi::{CStr, CString};

/// The number of the interface with this name.
#[cfg(unix)]
pub fn index(name: &str) -> Option<u32> {
    let name = CString::new(name).ok()?;
    // SAFETY: the name is a C string.
    Some(unsafe { libc::if_nametoindex(name.as_ptr()) }).filter(|&index| index > 0)
}

/// The name of an interface; its number as text if it has none.
#[cfg(unix)]
pub fn name(index: u32) -> String {
    let mut name: [libc::c_char; libc::IF_NAMESIZE] = [0; libc::IF_NAMESIZE];
    // SAFETY: the buffer has the length that the call asks for; on success it holds a C string.
    let found = unsafe {
        let found = libc::if_indextoname(index, name.as_mut_ptr());
        (!found.is_null()).then(|| CStr::from_ptr(found).to_string_lossy().into_owned())
    };
    found.unwrap_or_else(|| index.to_string())
}

/// On other systems zones are numbers, in Node too.
#[cfg(not(unix))]
pub fn index(_: &str) -> Option<u32> {
    None
}

/// On other systems zones are numbers, in Node too.
#[cfg(not(unix))]
pub fn name(index: u32) -> String {
    index.to_string()
}

#[cfg(all(test, unix))]
mod tests {
    #[test]
    fn names_and_numbers_are_those_of_the_system() {
        for index in 1..64 {
            let name = super::name(index);
            assert!(name == index.to_string() || super::index(&name) == Some(index));
        }
        assert_eq!(super::index("no such interface"), None);
        assert_eq!(super::index("a\0b"), None);
    }
}
