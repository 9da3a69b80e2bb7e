"""Debian's wapiti, whose way of reading a `*` in an address that is left out its own Python takes no more; as the command wapiti."""

import re
import sys

import wapitiCore.net.crawler as crawler
from wapitiCore.main.wapiti import wapiti_main

crawler.wildcard_translate = lambda pattern: re.compile(".*".join(re.escape(piece) for piece in pattern.split("*")) + r"\Z", re.S)
sys.argv[0] = "wapiti"
sys.exit(wapiti_main())
