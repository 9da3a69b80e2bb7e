# Devices
device = Device
device-new = Register a device
device-number = Device number
device-type = Device type
device-ae-title = AE title
device-station-name = Station name (0008,1010)
device-station-about = Archived images are told by their station name: write it as the device's images have it. Without one the AE title is used.
device-search = Name, number or AE title
device-since = Registered
device-members = Bound members
device-members-none = No members are bound yet
device-member = Member
device-bound-at = Bound since
device-bind = Bind
device-unbind = Unbind
device-remove = Remove the device
device-remove-warning = When the device is removed its data goes too, and cannot be brought back.
device-type-number = Type the device number to confirm
device-remove-do = Remove
device-retained =
    { $count ->
        [one] The archive still keeps { $count } study of this device, by law or on hold; the device cannot be removed.
       *[other] The archive still keeps { $count } studies of this device, by law or on hold; the device cannot be removed.
    }
device-back = Back to the device
wrong-device-number-taken = Another device of this organisation has this number
wrong-device-typed = This is not the device's number
wrong-ae-title = An AE title has letters, digits and common signs, no backslash, and none of = + - @ first
wrong-station-name = A station name has letters, digits and common signs, no backslash, and none of = + - @ first
conflict-device-retained = Studies of this device are kept by law or on hold; it cannot be removed
conflict-holdings = The archive cannot be asked about this device's studies now; it cannot be removed
event-device-added = Device registered
event-device-changed = Device changed
event-device-bound = Member bound to a device
event-device-unbound = Member unbound from a device
event-device-removed = Device removed
