"""Settings of the engine, read from the environment, loud when something is missing.

Outside development (`ENGINE_ENV=production`) nothing secret has a default. What is written in capitals
in these modules is a setting.
"""

from referral_engine.settings.admin import *
from referral_engine.settings.api import *
from referral_engine.settings.engine import *
from referral_engine.settings.environment import *
from referral_engine.settings.parts import *
from referral_engine.settings.servers import *
