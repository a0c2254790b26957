"""Every night: has every patient in care what the plan demands?"""
