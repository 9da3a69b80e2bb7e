# Pictures and files
upload = Upload
avatar = Picture
avatar-hint = PNG or JPEG, at most 10 MB; cut to a square.
picture-file = Picture file
picture-remove = Remove picture
logo = Logo
logo-hint = PNG or JPEG, at most 10 MB; stands at the head of reports.
fixed-signature = Fixed signature
fixed-signature-hint = PNG or JPEG; stands in reports of doctors who have no signature of their own.
wrong-file-missing = Choose a file.
wrong-file-large = The file must be at most { $longest } MB.
wrong-file-kind = Choose a PNG or JPEG picture; this file is neither.
wrong-file-damaged = The picture is damaged or incomplete and cannot be read.
wrong-file-pixels = The picture is too large; at most { $longest } megapixels.
wrong-signature-empty = No signature was found in the picture. Write on white paper and photograph it, or draw it here.
event-picture-changed = Picture changed
event-picture-removed = Picture removed
